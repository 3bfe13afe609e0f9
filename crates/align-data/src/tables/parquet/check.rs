//! A look at every page before polars decodes it: polars believes the lengths of runs, and one flipped bit there can make it
//! ask for more memory than there is.

use super::encodings::{
    Bytes, Checked, byte_array, byte_arrays, delta_binary_packed, delta_byte_arrays, delta_length_byte_arrays,
    hybrid_rle, indices,
};
use super::room::Room;
use super::thrift::{Thrift, kind};
use polars_buffer::Buffer;
use polars_parquet::parquet::compression::DecompressionContext;
use polars_parquet::parquet::encoding::Encoding;
use polars_parquet::parquet::metadata::{ColumnChunkMetadata, FileMetadata, RowGroupMetadata};
use polars_parquet::parquet::page::{DataPage, DataPageHeader, Page};
use polars_parquet::parquet::read::{decompress, get_page_iterator};
use polars_parquet::parquet::schema::types::PhysicalType;
use std::io::Cursor;

/// Checks the pages of the columns of these names.
pub(super) fn check(bytes: &Buffer<u8>, metadata: &FileMetadata, wanted: &[&str]) -> Checked<()> {
    let (mut rows, mut room) = (0_usize, Room::of(bytes.len()));
    for (number, group) in metadata.row_groups.iter().enumerate() {
        rows = rows.saturating_add(group.num_rows());
        room.rows(rows, wanted.len())?;
        for name in wanted {
            let fault = |problem: String| format!("row group {number}, column {name:?}: {problem}");
            let chunk = flat_chunk(group, name).map_err(fault)?;
            headers(bytes, chunk, &mut room).map_err(fault)?;
            pages(bytes, group.num_rows(), chunk, &mut room).map_err(fault)?;
        }
    }
    if rows != metadata.num_rows {
        return Err(format!("expected {} rows in all, its row groups have {rows}", metadata.num_rows));
    }
    Ok(())
}

fn flat_chunk<'a>(group: &'a RowGroupMetadata, name: &str) -> Checked<&'a ColumnChunkMetadata> {
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

fn pages(bytes: &Buffer<u8>, rows: usize, chunk: &ColumnChunkMetadata, room: &mut Room) -> Checked<()> {
    let pages = get_page_iterator(chunk, Cursor::new(bytes.clone()), Vec::new(), room.most()).map_err(in_words)?;
    let (mut seen, mut context) = (0_usize, DecompressionContext::Unset);
    let mut dictionary: Option<Vec<u32>> = None;
    for (number, page) in pages.enumerate() {
        let fault = |problem: String| format!("page {number}: {problem}");
        let page = page.and_then(|page| decompress(page, &mut Vec::new(), &mut context));
        match page.map_err(|e| fault(in_words(e)))? {
            Page::Dict(page) => {
                if seen > 0 || dictionary.is_some() {
                    return Err(fault("a dictionary behind the column's first page".to_owned()));
                }
                let sizes = entries(chunk.physical_type(), &mut Bytes::new(&page.buffer), page.num_values);
                dictionary = Some(sizes.map_err(fault)?);
            }
            Page::Data(page) => {
                seen = seen.saturating_add(page.num_values());
                if seen > rows {
                    return Err(fault(format!("more values than the {rows} rows")));
                }
                let size = data(&page, chunk.physical_type(), dictionary.as_deref()).map_err(fault)?;
                room.values(size).map_err(fault)?;
            }
        }
    }
    if seen == rows { Ok(()) } else { Err(format!("expected {rows} values, found {seen}")) }
}

/// Checks the chunk's place in the file and the sizes of its pages, before memory is asked for by any of them.
fn headers(bytes: &[u8], chunk: &ColumnChunkMetadata, room: &mut Room) -> Checked<()> {
    let (start, size) = (chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset()), chunk.compressed_size());
    let place = usize::try_from(start).ok().zip(usize::try_from(size).ok());
    let mut rest = place
        .and_then(|(start, size)| bytes.get(start..start.checked_add(size)?))
        .ok_or_else(|| format!("{size} bytes from byte {start} of a file of {} bytes", bytes.len()))?;
    while !rest.is_empty() {
        let (size, packed, after) = page_header(rest)?;
        room.page(usize::try_from(size).map_err(|_| format!("a page claims {size} bytes"))?)?;
        let next = usize::try_from(packed).ok().and_then(|packed| after.get(packed..));
        rest = next.ok_or_else(|| format!("a page claims {packed} bytes, {} are left", after.len()))?;
    }
    Ok(())
}

/// What a page claims to have when it is decompressed and in the file, and what stands behind its header.
fn page_header(bytes: &[u8]) -> Checked<(i64, i64, &[u8])> {
    let mut thrift = Thrift { bytes: Bytes::new(bytes) };
    let (mut field, mut sizes) = (0, [0, 0]);
    while let Some(kind) = thrift.field(&mut field)? {
        match (field, kind::INTEGERS.contains(&kind)) {
            (2, true) => sizes[0] = thrift.bytes.zigzag()?,
            (3, true) => sizes[1] = thrift.bytes.zigzag()?,
            _ => thrift.pass(kind)?,
        }
    }
    let [size, packed] = sizes;
    Ok((size, packed, bytes.get(bytes.len() - thrift.bytes.left()..).unwrap_or_default()))
}

/// The bytes of a page's values, once they are decoded.
fn data(page: &DataPage, kind: PhysicalType, dictionary: Option<&[u32]>) -> Checked<usize> {
    let optional = page.descriptor.max_def_level > 0;
    let count = page.num_values();
    let mut bytes = Bytes::new(page.buffer());
    let present = match page.header() {
        DataPageHeader::V1(_) if !optional => count,
        DataPageHeader::V1(header) => {
            if header.definition_level_encoding != Encoding::Rle.into() {
                return Err(format!("definition levels are {:?}, expected RLE", header.definition_level_encoding));
            }
            let length = bytes.length()?;
            hybrid_rle(&mut Bytes::new(bytes.take(length)?), 1, count, 2)?
        }
        DataPageHeader::V2(header) => {
            if header.repetition_levels_byte_length != 0 {
                return Err("repetition levels in a flat column".to_owned());
            }
            let length = usize::try_from(header.definition_levels_byte_length).map_err(|e| e.to_string())?;
            let mut levels = Bytes::new(bytes.take(length)?);
            let present = if optional { hybrid_rle(&mut levels, 1, count, 2)? } else { count };
            let nulls = usize::try_from(header.num_nulls).map_err(|e| e.to_string())?;
            if count.checked_sub(present) != Some(nulls) || usize::try_from(header.num_rows) != Ok(count) {
                return Err(format!("expected {nulls} nulls among {} rows, found {present} values", header.num_rows));
            }
            present
        }
    };
    let encoding = Encoding::try_from(page.header().encoding()).map_err(in_words)?;
    values(&mut bytes, encoding, kind, present, dictionary)
}

fn values(
    bytes: &mut Bytes<'_>,
    encoding: Encoding,
    kind: PhysicalType,
    count: usize,
    dictionary: Option<&[u32]>,
) -> Checked<usize> {
    match (encoding, kind) {
        (Encoding::Plain, _) => plain(kind, bytes, count),
        (Encoding::PlainDictionary | Encoding::RleDictionary, _) => {
            let sizes = dictionary.ok_or("its values point into a dictionary, and there is none")?;
            if count == 0 {
                return Ok(0);
            }
            let width = bytes.byte()?;
            indices(bytes, width, count, sizes)
        }
        (Encoding::Rle, PhysicalType::Boolean) => {
            let length = bytes.length()?;
            hybrid_rle(&mut Bytes::new(bytes.take(length)?), 1, count, 2)
        }
        (Encoding::DeltaBinaryPacked, PhysicalType::Int32 | PhysicalType::Int64) => {
            delta_binary_packed(bytes, count).map(|values| values.len() * size_of::<i64>())
        }
        (Encoding::DeltaLengthByteArray, PhysicalType::ByteArray) => delta_length_byte_arrays(bytes, count),
        (Encoding::DeltaByteArray, PhysicalType::ByteArray) => delta_byte_arrays(bytes, count),
        (Encoding::ByteStreamSplit, PhysicalType::ByteArray | PhysicalType::Boolean) => Err(unread(encoding, kind)),
        (Encoding::ByteStreamSplit, _) => plain(kind, bytes, count).and_then(|size| bytes.end().map(|()| size)),
        _ => Err(unread(encoding, kind)),
    }
}

fn plain(kind: PhysicalType, bytes: &mut Bytes<'_>, count: usize) -> Checked<usize> {
    match kind {
        PhysicalType::ByteArray => byte_arrays(bytes, count),
        PhysicalType::Boolean => bytes.take(count.div_ceil(8)).map(<[u8]>::len),
        _ => bytes.take(count.saturating_mul(width(kind)?)).map(<[u8]>::len),
    }
}

/// The size of each of a dictionary's entries.
fn entries(kind: PhysicalType, bytes: &mut Bytes<'_>, count: usize) -> Checked<Vec<u32>> {
    if kind == PhysicalType::ByteArray {
        let mut sizes = Vec::new();
        for _ in 0..count {
            sizes.push(u32::try_from(byte_array(bytes)?).map_err(|e| e.to_string())?);
        }
        return Ok(sizes);
    }
    let width = width(kind)?;
    bytes.take(count.saturating_mul(width))?;
    Ok(vec![u32::try_from(width).unwrap_or(u32::MAX); count])
}

fn width(kind: PhysicalType) -> Checked<usize> {
    match kind {
        PhysicalType::Int32 | PhysicalType::Float => Ok(4),
        PhysicalType::Int64 | PhysicalType::Double => Ok(8),
        _ => Err(unread(Encoding::Plain, kind)),
    }
}

fn unread(encoding: Encoding, kind: PhysicalType) -> String {
    format!("{kind:?} values encoded as {encoding:?} are not read here")
}

fn in_words(problem: impl std::fmt::Display) -> String {
    problem.to_string()
}
