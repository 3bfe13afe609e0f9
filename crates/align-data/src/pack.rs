use crate::{EncodedText, Error, Result};

/// Concatenates texts into one stream of tokens and cuts it into rows of `max_length`: TRL's packing strategy
/// `wrapped`.
///
/// A text may be split across rows, and attention within a row crosses the boundaries of its texts. The last row holds
/// the remainder. A remainder of one token is dropped, because it would have no label.
///
/// # Errors
/// A `max_length` below 2.
pub fn pack_wrapped(texts: &[EncodedText], max_length: usize) -> Result<Vec<EncodedText>> {
    if max_length < 2 {
        return Err(Error::Option {
            option: "max_length",
            expected: "at least 2 tokens per row, since the first is never predicted".to_owned(),
            found: max_length.to_string(),
        });
    }
    let stream: Vec<i64> =
        texts.iter().flat_map(|text| text.prompt_ids.iter().chain(&text.completion_ids)).copied().collect();
    let has_masks = texts.iter().any(|text| text.assistant_mask.is_some());
    let masks: Vec<bool> = if has_masks { texts.iter().flat_map(|text| text.trained(false)).collect() } else { vec![] };
    let mut masks = masks.chunks(max_length).map(<[bool]>::to_vec);
    let rows = stream.chunks(max_length).filter(|ids| ids.len() > 1).enumerate();
    let row = |(row, ids): (usize, &[i64])| EncodedText {
        prompt_ids: Vec::new(),
        completion_ids: ids.to_vec(),
        assistant_mask: masks.next(),
        row,
    };
    Ok(rows.map(row).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn texts(lengths: &[(usize, usize)]) -> Vec<EncodedText> {
        let mut next = 0..;
        let mut ids = |count: usize| next.by_ref().take(count).collect::<Vec<i64>>();
        let text = |(row, (prompt, completion)): (usize, &(usize, usize))| EncodedText {
            prompt_ids: ids(*prompt),
            completion_ids: ids(*completion),
            row,
            ..EncodedText::default()
        };
        lengths.iter().enumerate().map(text).collect()
    }

    #[test]
    fn every_token_is_in_one_row() {
        let texts = texts(&[(0, 3), (2, 9), (0, 1), (0, 17), (1, 1)]);
        for max_length in 2..40 {
            let rows = pack_wrapped(&texts, max_length).unwrap();
            let packed: Vec<i64> = rows.iter().flat_map(|row| row.completion_ids.clone()).collect();
            let lost = 34 - packed.len();
            assert_eq!(packed, (0..packed.len() as i64).collect::<Vec<_>>(), "max_length {max_length}");
            assert_eq!(lost, usize::from(34 % max_length == 1), "max_length {max_length}");
            let (last, whole) = rows.split_last().unwrap();
            assert!(whole.iter().all(|row| row.completion_ids.len() == max_length), "max_length {max_length}");
            assert!((2..=max_length).contains(&last.completion_ids.len()), "max_length {max_length}");
        }
    }

    #[test]
    fn rows_of_one_token_are_rejected() {
        assert!(pack_wrapped(&texts(&[(0, 4)]), 1).unwrap_err().to_string().contains("max_length"));
        assert_eq!(pack_wrapped(&[], 8).unwrap(), []);
    }
}
