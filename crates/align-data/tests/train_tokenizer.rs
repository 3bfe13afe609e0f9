//! Training tokenisers: vocabulary size, round trip and determinism.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{Tokenizer, train_byte_level_bpe, train_word_piece};
use std::path::Path;

const EOS: &str = "<|endoftext|>";

/// The prompts and completions of the golden pairs.
fn texts() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/train.jsonl");
    let field = |line: &str, name: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        row[name].as_str().unwrap().to_owned()
    };
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| field(line, "prompt") + &field(line, "chosen")).collect()
}

fn saved(tokenizer: &Tokenizer) -> (String, String) {
    let dir = tempfile::tempdir().unwrap();
    tokenizer.save(dir.path(), false).unwrap();
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    (read("tokenizer.json"), read("tokenizer_config.json"))
}

#[test]
fn byte_level_bpe_round_trips_every_text() {
    let tokenizer = train_byte_level_bpe(&texts(), 400, &[EOS]).unwrap();
    assert_eq!(tokenizer.vocab_size(), 400);
    assert_eq!((tokenizer.eos_token_id(), tokenizer.bos_token_id()), (Some(0), Some(0)));
    for text in ["This movie was a joy.", " été 映画 🎬\n\ttabs\u{0}", ""] {
        let ids = tokenizer.encode(text, true).unwrap();
        assert_eq!(tokenizer.decode(&ids, true).unwrap(), text);
    }
    let ids = tokenizer.encode(&format!("A film.{EOS}"), true).unwrap();
    assert_eq!(ids.last(), Some(&0), "EOS is one token");
    let bytes = train_byte_level_bpe(&texts(), 257, &[EOS]).unwrap();
    let longer = |text: &String| bytes.encode(text, true).unwrap().len();
    let shorter = |text: &String| tokenizer.encode(text, true).unwrap().len();
    let (longer, shorter): (usize, usize) = (texts().iter().map(longer).sum(), texts().iter().map(shorter).sum());
    assert_eq!(longer, texts().iter().map(String::len).sum::<usize>(), "without merges a token is a byte");
    assert!(2 * shorter < 3 * longer / 2, "{shorter} tokens of {longer} bytes");
}

#[test]
fn word_piece_splits_words_and_adds_cls_and_sep() {
    let tokenizer = train_word_piece(&texts(), 300).unwrap();
    assert_eq!(tokenizer.vocab_size(), 300);
    let token = |id: i64| tokenizer.id_to_token(id).unwrap();
    assert_eq!((0..5).map(token).collect::<Vec<_>>(), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);
    assert_eq!(tokenizer.pad_token_id(), Some(0));
    let tokens: Vec<String> =
        tokenizer.encode("The MOVIE, watchable 映", true).unwrap().into_iter().map(token).collect();
    assert_eq!((tokens[0].as_str(), tokens.last().unwrap().as_str()), ("[CLS]", "[SEP]"));
    assert_eq!(tokens[tokens.len() - 2], "[UNK]", "{tokens:?}");
    let joined = tokens[1..tokens.len() - 2].concat().replace("##", "");
    assert_eq!(joined, "themovie,watchable", "{tokens:?}");
    assert!(tokens.contains(&"movie".to_owned()), "a frequent word is one piece: {tokens:?}");
    assert!(tokens.iter().any(|token| token.starts_with("##")), "{tokens:?}");
}

#[test]
fn the_same_texts_give_the_same_tokeniser() {
    let texts = texts();
    let backwards: Vec<&String> = texts.iter().rev().collect();
    assert_eq!(
        saved(&train_byte_level_bpe(&texts, 400, &[EOS]).unwrap()),
        saved(&train_byte_level_bpe(&backwards, 400, &[EOS]).unwrap())
    );
    let word_piece = saved(&train_word_piece(&texts, 300).unwrap());
    assert_eq!(word_piece, saved(&train_word_piece(&texts, 300).unwrap()));
    assert_eq!(word_piece, saved(&train_word_piece(&backwards, 300).unwrap()));
}

#[test]
fn a_saved_tokeniser_is_read_back() {
    let (bpe, word_piece) = (train_byte_level_bpe(&texts(), 400, &[EOS]), train_word_piece(&texts(), 300));
    for tokenizer in [bpe.unwrap(), word_piece.unwrap()] {
        let dir = tempfile::tempdir().unwrap();
        tokenizer.save(dir.path(), false).unwrap();
        let again = Tokenizer::from_pretrained(dir.path()).unwrap();
        assert_eq!(again.special_tokens(), tokenizer.special_tokens());
        for text in texts() {
            assert_eq!(again.encode(&text, true).unwrap(), tokenizer.encode(&text, true).unwrap());
        }
    }
}

#[test]
fn a_too_small_vocabulary_is_rejected() {
    let small = train_byte_level_bpe(&texts(), 256, &[EOS]).unwrap_err().to_string();
    assert!(small.contains("vocab_size") && small.contains("257"), "{small}");
    let small = train_word_piece(&texts(), 20).unwrap_err().to_string();
    assert!(small.contains("vocab_size") && small.contains("found 20"), "{small}");
    let none: [&str; 0] = [];
    assert!(train_word_piece(&none, 300).unwrap_err().to_string().contains("no texts"));
}
