//! Writes Parquet files with false headers: one required column with the given pages. The numbers are those of
//! <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>.
#![allow(dead_code)]

pub const TEXT: i64 = 6;
pub const INT64: i64 = 2;
pub const PLAIN: i64 = 0;
pub const DELTA_BINARY_PACKED: i64 = 5;
pub const DELTA_BYTE_ARRAY: i64 = 7;
pub const RLE_DICTIONARY: i64 = 8;
pub const UNCOMPRESSED: i64 = 0;
pub const ZSTD: i64 = 6;

#[path = "thrift.rs"]
mod thrift;

use thrift::Thrift::*;
pub use thrift::*;

/// A page: the values in its header, and its bytes in the file.
pub struct Page {
    pub dictionary: bool,
    pub values: i64,
    pub encoding: i64,
    pub size: i64,
    pub bytes: Vec<u8>,
}

/// A page whose header gives its true size.
pub fn page(dictionary: bool, values: i64, encoding: i64, bytes: Vec<u8>) -> Page {
    Page { dictionary, values, encoding, size: bytes.len() as i64, bytes }
}

/// A text in the PLAIN encoding.
pub fn plain(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes()[..], text].concat()
}

/// The index 0, repeated, as one run of one-bit values.
pub fn zeros(count: u64) -> Vec<u8> {
    [vec![1], varint(count << 1), vec![0]].concat()
}

/// `count` integers from `first` with difference `step`, at zero bits per value.
pub fn steps(first: i64, step: i64, count: u64) -> Vec<u8> {
    let head = [varint(128), varint(1), varint(count), zigzag(first)].concat();
    let block = [zigzag(step), vec![0]].concat();
    [head, block.repeat((count as usize).div_ceil(128))].concat()
}

/// `count` integers below 2^17, all but the first equal, as differences of 17 bits and then of zero bits.
pub fn then(first: i64, others: i64, count: u64) -> Vec<u8> {
    let least = (others - first).min(0);
    let mut packed = vec![0_u8; 128 * 17 / 8];
    for place in 0..128 {
        let difference = if place == 0 { others - first } else { 0 } - least;
        for bit in (0..17).filter(|bit| difference >> bit & 1 == 1) {
            packed[(place * 17 + bit) / 8] |= 1 << ((place * 17 + bit) % 8);
        }
    }
    let head = [varint(128), varint(1), varint(count), zigzag(first), zigzag(least), vec![17], packed].concat();
    let block = [zigzag(0), vec![0]].concat();
    [head, block.repeat((count as usize - 129).div_ceil(128))].concat()
}

/// `count` bytes `x` after `first`, compressed with Zstandard to blocks of one repeated byte: four bytes for each 128
/// KiB.
pub fn zstd(first: &[u8], count: usize) -> Vec<u8> {
    const BLOCK: usize = 1 << 17;
    // A window of 128 KiB; the frame gives no content size.
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x38];
    let header = |last: bool, kind: u32, size: usize| (u32::from(last) | kind << 1 | (size as u32) << 3).to_le_bytes();
    out.extend(&header(count == 0, 0, first.len())[..3]);
    out.extend(first);
    let mut left = count;
    while left > 0 {
        let size = left.min(BLOCK);
        left -= size;
        out.extend(&header(left == 0, 1, size)[..3]);
        out.push(b'x');
    }
    out
}

fn schema_element(kind: i64, name: &str) -> Thrift {
    let mut fields = vec![(1, i32(kind)), (3, i32(0)), (4, bytes(name))];
    if kind == TEXT {
        fields.push((6, i32(0)));
    }
    Struct(fields)
}

pub fn group(name: &str, children: i64) -> Thrift {
    Struct(vec![(3, i32(0)), (4, bytes(name)), (5, i32(children))])
}

/// A file with these bytes between its magic numbers and a footer of these fields.
pub fn file(body: &[u8], fields: Vec<(u8, Thrift)>) -> Vec<u8> {
    let mut footer = Vec::new();
    Struct(fields).write(&mut footer);
    let length = (footer.len() as u32).to_le_bytes();
    [b"PAR1", body, &footer, &length, b"PAR1"].concat()
}

/// A schema with one column.
pub fn one_column(kind: i64) -> Thrift {
    List(STRUCT, vec![Struct(vec![(4, bytes("schema")), (5, i32(1))]), schema_element(kind, name(kind))])
}

fn name(kind: i64) -> &'static str {
    if kind == TEXT { "text" } else { "n" }
}

/// A file of one column, with a row group of the given number of rows for each list of pages.
pub fn column(kind: i64, codec: i64, groups: &[(i64, Vec<Page>)]) -> Vec<u8> {
    let (mut body, mut row_groups) = (Vec::new(), Vec::new());
    for (rows, pages) in groups {
        let start = body.len() as i64 + 4;
        let mut data = start;
        for page in pages {
            let counted = Struct(vec![(1, i32(page.values)), (2, i32(page.encoding))]);
            let levels = vec![(1, i32(page.values)), (2, i32(page.encoding)), (3, i32(3)), (4, i32(3))];
            let (number, header) = if page.dictionary { (7, counted) } else { (5, Struct(levels)) };
            let kind = i32(if page.dictionary { 2 } else { 0 });
            let length = page.bytes.len() as i64;
            Struct(vec![(1, kind), (2, i32(page.size)), (3, i32(length)), (number, header)]).write(&mut body);
            body.extend(&page.bytes);
            if page.dictionary {
                data = body.len() as i64 + 4;
            }
        }
        let size = body.len() as i64 + 4 - start;
        let mut chunk = vec![
            (1, i32(kind)),
            (2, List(I32, vec![i32(pages[0].encoding)])),
            (3, List(BINARY, vec![bytes(name(kind))])),
            (4, i32(codec)),
            (5, i64(*rows)),
            (6, i64(size)),
            (7, i64(size)),
            (9, i64(data)),
        ];
        if pages[0].dictionary {
            chunk.push((11, i64(start)));
        }
        let chunk = Struct(vec![(2, i64(start)), (3, Struct(chunk))]);
        row_groups.push(Struct(vec![(1, List(STRUCT, vec![chunk])), (2, i64(size)), (3, i64(*rows))]));
    }
    let rows = groups.iter().map(|(rows, _)| rows).sum();
    let groups = List(STRUCT, row_groups);
    file(&body, vec![(1, i32(1)), (2, one_column(kind)), (3, i64(rows)), (4, groups)])
}

/// A description, the file and the expected parts of the error.
type Bomb = (&'static str, Vec<u8>, &'static [&'static str]);

/// Files that expand to gigabytes or have no end.
pub fn bombs() -> Vec<Bomb> {
    [pages(), encodings(), footers()].into_iter().flatten().collect()
}

/// Pages that expand to much more than their size.
fn pages() -> Vec<Bomb> {
    let dictionary = |length: usize| {
        let text = zstd(&(length as u32).to_le_bytes(), length);
        Page { dictionary: true, values: 1, encoding: PLAIN, size: length as i64 + 4, bytes: text }
    };
    let pointing = |rows: i64| {
        let bytes = zeros(rows as u64);
        Page {
            dictionary: false,
            values: rows,
            encoding: RLE_DICTIONARY,
            size: bytes.len() as i64,
            bytes: zstd(&bytes, 0),
        }
    };
    let text = |length: usize| page(true, 1, PLAIN, plain(&vec![b'x'; length]));
    let run = |rows: i64| page(false, rows, RLE_DICTIONARY, zeros(rows as u64));
    let groups = |count: usize, rows: i64| (0..count).map(|_| (rows, vec![text(10), run(rows)])).collect::<Vec<_>>();
    vec![
        (
            "one dictionary value of 120 MB",
            column(TEXT, ZSTD, &[(3, vec![dictionary(120_000_000), pointing(3)])]),
            &["row group 0, column \"text\"", "the pages so far take 1200000"],
        ),
        (
            "one dictionary value of 30 MB, ten times",
            column(TEXT, ZSTD, &[(10, vec![dictionary(30_000_000), pointing(10)])]),
            &["column \"text\": page 1", "the values so far take 300000160 bytes"],
        ),
        (
            "a run of fifty million",
            column(TEXT, UNCOMPRESSED, &[(50_000_000, vec![text(10), run(50_000_000)])]),
            &["50000000 rows of 1 columns take 800000000 bytes"],
        ),
        (
            "422 KB of run lengths",
            column(TEXT, UNCOMPRESSED, &groups(4_200, 30_000)),
            &["column \"text\": page 1: the values so far take", "bytes in memory, expected at most"],
        ),
        (
            "a hundred thousand times the same 100 KB",
            column(TEXT, UNCOMPRESSED, &[(100_000, vec![text(100_000), run(100_000)])]),
            &["the values so far take 10001600000 bytes", "JSON Lines"],
        ),
    ]
}

/// Pages in compact encodings, or with false headers.
fn encodings() -> Vec<Bomb> {
    // The first text is stored in full; each further text repeats the one before.
    let shared = [then(0, 100_000, 100_001), then(100_000, 0, 100_001), vec![b'x'; 100_000]].concat();
    vec![
        (
            "beginnings shared a hundred thousand times",
            column(TEXT, UNCOMPRESSED, &[(100_001, vec![page(false, 100_001, DELTA_BYTE_ARRAY, shared)])]),
            &["the values so far take"],
        ),
        (
            "integers that take no bits",
            column(
                INT64,
                UNCOMPRESSED,
                &[(50_000_000, vec![page(false, 50_000_000, DELTA_BINARY_PACKED, steps(0, 1, 128))])],
            ),
            &["50000000 rows of 1 columns"],
        ),
        (
            "a page that declares 2 GiB",
            column(TEXT, ZSTD, &[(1, vec![Page { size: 0x7fff_ffff, ..page(false, 1, PLAIN, plain(b"x")) }])]),
            &["the pages so far take 2147483647 bytes"],
        ),
        (
            "a page of negative size",
            column(TEXT, ZSTD, &[(1, vec![Page { size: -1, ..page(false, 1, PLAIN, plain(b"x")) }])]),
            &["a page declares -1 bytes"],
        ),
    ]
}

fn footers() -> Vec<Bomb> {
    let nested = |depth: usize| {
        let root = Struct(vec![(4, bytes("schema")), (5, i32(1))]);
        let groups = (0..depth).map(|_| group("a", 1));
        List(STRUCT, std::iter::once(root).chain(groups).chain([schema_element(TEXT, "text")]).collect())
    };
    let many = |count: i64| {
        let root = Struct(vec![(4, bytes("schema")), (5, i32(count))]);
        let columns = (0..count).map(|i| schema_element(INT64, &format!("c{i}")));
        List(STRUCT, std::iter::once(root).chain(columns).collect())
    };
    let footer = |schema: Thrift, groups: Thrift| file(b"", vec![(1, i32(1)), (2, schema), (3, i64(0)), (4, groups)]);
    let none = || List(STRUCT, vec![]);
    let note = |length: usize| {
        let note = Struct(vec![(1, bytes("ARROW:schema")), (2, Bytes(vec![b'A'; length]))]);
        file(b"", vec![(1, i32(1)), (2, one_column(TEXT)), (3, i64(0)), (4, none()), (5, List(STRUCT, vec![note]))])
    };
    vec![
        ("columns nested 100,000 deep", footer(nested(100_000), none()), &["its footer: 100002 columns"]),
        ("columns nested 5,000 deep", footer(nested(5_000), none()), &["its footer: columns nested more than 32 deep"]),
        (
            "a group of 2^31 columns",
            footer(List(STRUCT, vec![Struct(vec![(4, bytes("schema")), (5, i32(0x7fff_ffff))])]), none()),
            &["its footer: a group of 2147483647 columns, 0 are left"],
        ),
        (
            "a list that claims 2^32 columns",
            footer(Claimed(STRUCT, 1 << 32), none()),
            &["its footer: a list of 4294967296 elements in"],
        ),
        ("50,000 columns", footer(many(50_000), none()), &["its footer: 50001 columns, expected at most 10000"]),
        (
            "a million row groups",
            footer(one_column(TEXT), List(STRUCT, (0..1_000_000).map(|_| Struct(vec![])).collect())),
            &["its footer: 1000000 row groups, expected at most 20000"],
        ),
        ("a note of 200 KB", note(200_000), &["its footer: a metadata entry of 200000 bytes"]),
    ]
}
