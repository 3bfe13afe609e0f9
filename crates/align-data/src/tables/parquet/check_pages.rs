//! Checks every page before polars decodes it. polars trusts the lengths of runs: one flipped bit can make it request
//! more memory than the machine has.

use super::encodings::{
    ByteReader, CheckResult, delta_binary_packed, delta_byte_arrays, delta_length_byte_arrays, dictionary_indices,
    hybrid_rle, plain_byte_array, plain_byte_arrays,
};
use super::levels::{PageLevels, read_levels};
use super::memory_budget::MemoryBudget;
use super::thrift::{Thrift, kind};
use polars_buffer::Buffer;
use polars_parquet::parquet::compression::DecompressionContext;
use polars_parquet::parquet::encoding::Encoding;
use polars_parquet::parquet::metadata::{ColumnChunkMetadata, FileMetadata, RowGroupMetadata};
use polars_parquet::parquet::page::{DataPage, Page};
use polars_parquet::parquet::read::{decompress, get_page_iterator};
use polars_parquet::parquet::schema::types::PhysicalType;
use std::io::Cursor;

/// Bytes that a value in a list takes besides itself: its place in the lists and objects that contain it.
const BYTES_PER_LEVEL: usize = 16;

/// Checks the pages of these columns. `nested` columns hold lists or objects.
pub(super) fn check_pages(
    bytes: &Buffer<u8>,
    metadata: &FileMetadata,
    flat: &[&str],
    nested: &[&str],
    budget: &mut MemoryBudget,
) -> CheckResult<()> {
    let mut rows = 0_usize;
    for (number, group) in metadata.row_groups.iter().enumerate() {
        rows = rows.saturating_add(group.num_rows());
        budget.add_rows(rows, flat.len() + nested.len())?;
        let error = |name: &str, problem: String| format!("row group {number}, column {name:?}: {problem}");
        for name in flat {
            let chunk = flat_chunk(group, name).map_err(|problem| error(name, problem))?;
            check_chunk(bytes, group.num_rows(), chunk, budget).map_err(|problem| error(name, problem))?;
        }
        for name in nested {
            for chunk in group.columns_under_root_iter(name).ok_or_else(|| error(name, "it is missing".to_owned()))? {
                check_chunk(bytes, group.num_rows(), chunk, budget).map_err(|problem| error(name, problem))?;
            }
        }
    }
    if rows != metadata.num_rows {
        return Err(format!("expected {} rows in all, its row groups have {rows}", metadata.num_rows));
    }
    Ok(())
}

fn flat_chunk<'a>(group: &'a RowGroupMetadata, name: &str) -> CheckResult<&'a ColumnChunkMetadata> {
    let mut chunks = group.columns_under_root_iter(name).ok_or("it is missing")?;
    let (Some(chunk), None) = (chunks.next(), chunks.next()) else {
        return Err("expected one flat column".to_owned());
    };
    let descriptor = &chunk.descriptor().descriptor;
    if descriptor.max_rep_level > 0 || descriptor.max_def_level > 1 {
        return Err("expected a flat column, found a nested one".to_owned());
    }
    if usize::try_from(chunk.num_values()) != Ok(group.num_rows()) {
        return Err(format!("expected {} values, found {}", group.num_rows(), chunk.num_values()));
    }
    Ok(chunk)
}

fn check_chunk(
    bytes: &Buffer<u8>,
    rows: usize,
    chunk: &ColumnChunkMetadata,
    budget: &mut MemoryBudget,
) -> CheckResult<()> {
    check_page_headers(bytes, chunk, budget)?;
    let pages = get_page_iterator(chunk, Cursor::new(bytes.clone()), Vec::new(), budget.limit()).map_err(message)?;
    let (mut seen, mut values, mut context) = (0_usize, 0_usize, DecompressionContext::Unset);
    let is_repeated = chunk.descriptor().descriptor.max_rep_level > 0;
    let mut dictionary: Option<Vec<u32>> = None;
    for (number, page) in pages.enumerate() {
        let error = |problem: String| format!("page {number}: {problem}");
        let page = page.and_then(|page| decompress(page, &mut Vec::new(), &mut context));
        match page.map_err(|e| error(message(e)))? {
            Page::Dict(page) => {
                if values > 0 || dictionary.is_some() {
                    return Err(error("a dictionary page after the column's first page".to_owned()));
                }
                let sizes =
                    dictionary_entry_sizes(chunk.physical_type(), &mut ByteReader::new(&page.buffer), page.num_values);
                dictionary = Some(sizes.map_err(error)?);
            }
            Page::Data(page) => {
                values = values.saturating_add(page.num_values());
                match is_repeated {
                    true => budget.add_values(page.num_values().saturating_mul(BYTES_PER_LEVEL)).map_err(error)?,
                    false if values > rows => return Err(error(format!("more values than the {rows} rows"))),
                    false => {}
                }
                let (begun, size) =
                    check_data_page(&page, chunk.physical_type(), dictionary.as_deref()).map_err(error)?;
                seen = seen.saturating_add(begun);
                budget.add_values(size).map_err(error)?;
            }
        }
    }
    match (seen == rows, is_repeated) {
        (true, _) => Ok(()),
        (false, true) => Err(format!("expected {rows} rows, found {seen}")),
        (false, false) => Err(format!("expected {rows} values, found {seen}")),
    }
}

/// Checks a column chunk's position and the declared sizes of its pages, before anything is allocated for them.
fn check_page_headers(bytes: &[u8], chunk: &ColumnChunkMetadata, budget: &mut MemoryBudget) -> CheckResult<()> {
    let (start, size) = (chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset()), chunk.compressed_size());
    let position = usize::try_from(start).ok().zip(usize::try_from(size).ok());
    let mut rest = position.and_then(|(start, size)| bytes.get(start..start.checked_add(size)?)).ok_or_else(|| {
        format!("a column chunk of {size} bytes at byte {start} exceeds the file's {} bytes", bytes.len())
    })?;
    while !rest.is_empty() {
        let (size, packed, after) = page_header(rest)?;
        budget.add_page(usize::try_from(size).map_err(|_| format!("a page declares {size} bytes"))?)?;
        let next = usize::try_from(packed).ok().and_then(|packed| after.get(packed..));
        rest = next.ok_or_else(|| format!("a page declares {packed} bytes, {} are left", after.len()))?;
    }
    Ok(())
}

/// Parses a page header. Returns the decompressed and the compressed size that it declares, and the bytes after the
/// header.
fn page_header(bytes: &[u8]) -> CheckResult<(i64, i64, &[u8])> {
    let mut thrift = Thrift { bytes: ByteReader::new(bytes) };
    let (mut field, mut sizes) = (0, [0, 0]);
    while let Some(kind) = thrift.field(&mut field)? {
        match (field, kind::INTEGERS.contains(&kind)) {
            (2, true) => sizes[0] = thrift.bytes.zigzag()?,
            (3, true) => sizes[1] = thrift.bytes.zigzag()?,
            _ => thrift.skip(kind)?,
        }
    }
    let [size, packed] = sizes;
    Ok((size, packed, bytes.get(bytes.len() - thrift.bytes.remaining()..).unwrap_or_default()))
}

/// Checks a data page. Returns the number of rows that begin in it, and the size of its decoded values in bytes.
fn check_data_page(page: &DataPage, kind: PhysicalType, dictionary: Option<&[u32]>) -> CheckResult<(usize, usize)> {
    let mut bytes = ByteReader::new(page.buffer());
    let PageLevels { rows, present } = read_levels(page, &mut bytes)?;
    let encoding = Encoding::try_from(page.header().encoding()).map_err(message)?;
    Ok((rows, check_values(&mut bytes, encoding, kind, present, dictionary)?))
}

fn check_values(
    bytes: &mut ByteReader<'_>,
    encoding: Encoding,
    kind: PhysicalType,
    count: usize,
    dictionary: Option<&[u32]>,
) -> CheckResult<usize> {
    match (encoding, kind) {
        (Encoding::Plain, _) => check_plain(kind, bytes, count),
        (Encoding::PlainDictionary | Encoding::RleDictionary, _) => {
            let sizes = dictionary.ok_or("its values are dictionary indices, and there is no dictionary")?;
            if count == 0 {
                return Ok(0);
            }
            let width = bytes.byte()?;
            dictionary_indices(bytes, width, count, sizes)
        }
        (Encoding::Rle, PhysicalType::Boolean) => {
            let length = bytes.u32_length()?;
            hybrid_rle(&mut ByteReader::new(bytes.take(length)?), 1, count, 2)
        }
        (Encoding::DeltaBinaryPacked, PhysicalType::Int32 | PhysicalType::Int64) => {
            delta_binary_packed(bytes, count).map(|values| values.len() * size_of::<i64>())
        }
        (Encoding::DeltaLengthByteArray, PhysicalType::ByteArray) => delta_length_byte_arrays(bytes, count),
        (Encoding::DeltaByteArray, PhysicalType::ByteArray) => delta_byte_arrays(bytes, count),
        (Encoding::ByteStreamSplit, PhysicalType::ByteArray | PhysicalType::Boolean) => {
            Err(unsupported(encoding, kind))
        }
        (Encoding::ByteStreamSplit, _) => {
            check_plain(kind, bytes, count).and_then(|size| bytes.expect_end().map(|()| size))
        }
        _ => Err(unsupported(encoding, kind)),
    }
}

fn check_plain(kind: PhysicalType, bytes: &mut ByteReader<'_>, count: usize) -> CheckResult<usize> {
    match kind {
        PhysicalType::ByteArray => plain_byte_arrays(bytes, count),
        PhysicalType::Boolean => bytes.take(count.div_ceil(8)).map(<[u8]>::len),
        _ => bytes.take(count.saturating_mul(byte_width(kind)?)).map(<[u8]>::len),
    }
}

/// The size in bytes of each dictionary entry.
fn dictionary_entry_sizes(kind: PhysicalType, bytes: &mut ByteReader<'_>, count: usize) -> CheckResult<Vec<u32>> {
    if kind == PhysicalType::ByteArray {
        let mut sizes = Vec::new();
        for _ in 0..count {
            sizes.push(u32::try_from(plain_byte_array(bytes)?).map_err(|e| e.to_string())?);
        }
        return Ok(sizes);
    }
    let width = byte_width(kind)?;
    bytes.take(count.saturating_mul(width))?;
    Ok(vec![u32::try_from(width).unwrap_or(u32::MAX); count])
}

fn byte_width(kind: PhysicalType) -> CheckResult<usize> {
    match kind {
        PhysicalType::Int32 | PhysicalType::Float => Ok(4),
        PhysicalType::Int64 | PhysicalType::Double => Ok(8),
        _ => Err(unsupported(Encoding::Plain, kind)),
    }
}

fn unsupported(encoding: Encoding, kind: PhysicalType) -> String {
    format!("the encoding {encoding:?} is not supported for {kind:?} values")
}

fn message(problem: impl std::fmt::Display) -> String {
    problem.to_string()
}
