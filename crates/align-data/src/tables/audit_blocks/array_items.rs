//! The items of a JSON array, one by one.

use super::super::example_blocks::lines::Lines;
use super::text_block::TextBlock;
use crate::Result;

/// Reads the items of an array as lines. Line breaks between the tokens of an item become spaces.
#[derive(Debug)]
pub(super) struct ArrayItems {
    lines: Lines,
    /// Open brackets and braces; 1 between the items.
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The item so far.
    item: Vec<u8>,
}

impl ArrayItems {
    pub fn new(lines: Lines) -> Self {
        Self { lines, depth: 0, in_string: false, escaped: false, item: Vec::new() }
    }

    pub fn bytes_read(&self) -> u64 {
        self.lines.bytes_read()
    }

    /// The next items, one on each line. `None` at the end of the file.
    pub fn next_block(&mut self) -> Result<Option<TextBlock>> {
        loop {
            let bytes = self.lines.next_block()?;
            let mut items = Vec::with_capacity(bytes.len());
            bytes.iter().for_each(|byte| self.push(*byte, &mut items));
            if bytes.is_empty() {
                // An array that is cut off ends with an item that cannot be read.
                items.append(&mut self.item);
                return Ok((!items.trim_ascii().is_empty()).then(|| TextBlock::of_lines(items, 0)));
            }
            if !items.is_empty() {
                return Ok(Some(TextBlock::of_lines(items, 0)));
            }
        }
    }

    fn push(&mut self, byte: u8, items: &mut Vec<u8>) {
        if self.in_string {
            self.in_string = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            // A line break in a string is an error of its row, like other control characters.
            self.item.push(if byte == b'\n' { b'\x01' } else { byte });
            return;
        }
        let between_items = self.depth == 1;
        match byte {
            b'[' | b'{' => {
                self.depth += 1;
                if self.depth == 1 {
                    return;
                }
            }
            b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return self.end_item(items);
                }
            }
            b'"' => self.in_string = true,
            b',' if between_items => return self.end_item(items),
            _ => {}
        }
        let is_space = byte.is_ascii_whitespace();
        if !(is_space && self.depth <= 1) {
            self.item.push(if is_space { b' ' } else { byte });
        }
    }

    fn end_item(&mut self, items: &mut Vec<u8>) {
        if !self.item.is_empty() {
            items.append(&mut self.item);
            items.push(b'\n');
        }
    }
}
