//! Mutations of valid files, like those caused by transmission errors, disks, faulty programs and attackers.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Problematic values for lengths and offsets.
const NUMBERS: [u64; 11] =
    [0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 40, i64::MAX as u64, 1 << 63, u64::MAX];

/// Problematic text for parsers.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b"'",
    b",",
    b"\n",
    b"\r\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"\\",
    b"\0",
    b"\x1b[31m",
    b"null",
    b"NaN",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"[[[[[[[[",
    b"{\"a\":{\"a\":",
    b"../../",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"cos\nsystem\n",
];

fn below(rng: &mut ChaCha8Rng, bound: usize) -> usize {
    (rng.next_u64() % bound.max(1) as u64) as usize
}

/// Applies mutation number `number` to `seed`.
#[must_use]
pub fn mutate(seed: &[u8], number: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(number);
    let mut bytes = seed.to_vec();
    for _ in 0..1 + below(&mut rng, 3) {
        match below(&mut rng, 13) {
            0 => {
                let len = below(&mut rng, bytes.len() + 1);
                bytes.truncate(len);
            }
            1..=3 => flip(&mut rng, &mut bytes),
            4..=5 => overwrite(&mut rng, &mut bytes),
            6..=7 => copy_part(&mut rng, &mut bytes),
            8 => repeat(&mut rng, &mut bytes),
            9 => remove(&mut rng, &mut bytes),
            10 => replace_number(&mut rng, &mut bytes),
            _ => insert(&mut rng, &mut bytes),
        }
    }
    bytes
}

fn flip(rng: &mut ChaCha8Rng, bytes: &mut [u8]) {
    let (at, bit) = (below(rng, bytes.len()), below(rng, 8));
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << bit;
    }
}

/// Replaces a decimal number by another.
fn replace_number(rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
    let start = below(rng, bytes.len());
    let digit = |byte: &u8| byte.is_ascii_digit();
    let Some(start) = bytes.iter().skip(start).position(digit).map(|place| start + place) else { return };
    let length = bytes.iter().skip(start).take_while(|byte| digit(byte)).count();
    let number = NUMBERS.get(below(rng, NUMBERS.len())).copied().unwrap_or_default();
    bytes.splice(start..start + length, number.to_string().into_bytes());
}

/// Overwrites 1, 2, 4 or 8 bytes with a problematic number.
fn overwrite(rng: &mut ChaCha8Rng, bytes: &mut [u8]) {
    let number = NUMBERS.get(below(rng, NUMBERS.len())).copied().unwrap_or_default().to_le_bytes();
    let (width, at) = (1 << below(rng, 4), below(rng, bytes.len()));
    bytes.iter_mut().skip(at).zip(number).take(width).for_each(|(to, from)| *to = from);
}

/// Copies one part of the file over another, so that valid structures are in wrong places.
fn copy_part(rng: &mut ChaCha8Rng, bytes: &mut [u8]) {
    let width = (1 + below(rng, 40)).min(bytes.len());
    let (from, to) = (below(rng, bytes.len() - width + 1), below(rng, bytes.len() - width + 1));
    bytes.copy_within(from..from + width, to);
}

/// Repeats a part of the file many times.
fn repeat(rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
    let width = (1 + below(rng, 40)).min(bytes.len());
    let at = below(rng, bytes.len() - width + 1);
    let stretch: Vec<u8> = bytes.iter().skip(at).take(width).copied().collect();
    let times = 1 + below(rng, 200);
    bytes.splice(at..at, stretch.repeat(times));
}

fn remove(rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
    let width = (1 + below(rng, 40)).min(bytes.len());
    let at = below(rng, bytes.len() - width + 1);
    bytes.drain(at..at + width);
}

fn insert(rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
    let at = below(rng, bytes.len() + 1);
    let piece = PIECES.get(below(rng, PIECES.len())).copied().unwrap_or_default();
    bytes.splice(at..at, piece.iter().copied());
}
