//! Repetition and definition levels: which values begin a row, and which are null.

use super::encodings::{ByteReader, CheckResult, rle_runs};
use polars_parquet::parquet::encoding::Encoding;
use polars_parquet::parquet::page::{DataPage, DataPageHeader, DataPageHeaderV1, DataPageHeaderV2};

/// What the levels of a page say.
pub(super) struct PageLevels {
    /// The rows that begin in the page.
    pub rows: usize,
    /// The values that are not null.
    pub present: usize,
}

/// Reads the levels at the beginning of a page.
pub(super) fn read_levels(page: &DataPage, bytes: &mut ByteReader<'_>) -> CheckResult<PageLevels> {
    match page.header() {
        DataPageHeader::V1(header) => read_v1(page, header, bytes),
        DataPageHeader::V2(header) => read_v2(page, header, bytes),
    }
}

fn read_v1(page: &DataPage, header: &DataPageHeaderV1, bytes: &mut ByteReader<'_>) -> CheckResult<PageLevels> {
    let count = page.num_values();
    let (repetition, definition) = (page.descriptor.max_rep_level, page.descriptor.max_def_level);
    let mut levels = |highest: i16, level: i16, encoding, name: &str| {
        if highest == 0 {
            return Ok(count);
        }
        if encoding != Encoding::Rle.into() {
            return Err(format!("{name} levels are {encoding:?}, expected RLE"));
        }
        let length = bytes.u32_length()?;
        count_levels(&mut ByteReader::new(bytes.take(length)?), count, highest, level)
    };
    let rows = levels(repetition, 0, header.repetition_level_encoding, "repetition")?;
    let present = levels(definition, definition, header.definition_level_encoding, "definition")?;
    Ok(PageLevels { rows, present })
}

fn read_v2(page: &DataPage, header: &DataPageHeaderV2, bytes: &mut ByteReader<'_>) -> CheckResult<PageLevels> {
    let count = page.num_values();
    let (repetition, definition) = (page.descriptor.max_rep_level, page.descriptor.max_def_level);
    let mut levels = |highest: i16, level: i16, length: i32| {
        let length = usize::try_from(length).map_err(|e| e.to_string())?;
        let mut levels = ByteReader::new(bytes.take(length)?);
        if highest == 0 { Ok(count) } else { count_levels(&mut levels, count, highest, level) }
    };
    if repetition == 0 && header.repetition_levels_byte_length != 0 {
        return Err("repetition levels in a flat column".to_owned());
    }
    let rows = levels(repetition, 0, header.repetition_levels_byte_length)?;
    let present = levels(definition, definition, header.definition_levels_byte_length)?;
    let nulls = usize::try_from(header.num_nulls).map_err(|e| e.to_string())?;
    // Writers differ in whether an empty list counts as a null.
    let is_wrong = repetition == 0 && count.checked_sub(present) != Some(nulls);
    if is_wrong || usize::try_from(header.num_rows) != Ok(rows) {
        return Err(format!("expected {nulls} nulls among {} rows, found {present} values", header.num_rows));
    }
    Ok(PageLevels { rows, present })
}

/// Reads `count` levels up to `highest`. Returns how many of them are `level`.
fn count_levels(bytes: &mut ByteReader<'_>, count: usize, highest: i16, level: i16) -> CheckResult<usize> {
    let (highest, level) = (u64::from(highest.unsigned_abs()), u64::from(level.unsigned_abs()));
    let width = (u64::BITS - highest.leading_zeros()) as u8;
    let mut found = 0;
    rle_runs(bytes, width, count, |number, times| {
        found += usize::from(number == level) * times;
        if number <= highest { Ok(()) } else { Err(format!("expected numbers below {}, found {number}", highest + 1)) }
    })?;
    Ok(found)
}
