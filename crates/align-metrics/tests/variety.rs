//! Bias-corrected entropy and diversity: worked examples, values of NumPy, known distributions, and invalid inputs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_metrics::{Diversity, Error, chao_wang_jost_entropy, miller_madow_entropy, token_entropy};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A text with each token as often as `counts` says.
fn text(counts: &[usize]) -> Vec<Vec<i64>> {
    vec![counts.iter().enumerate().flat_map(|(id, count)| vec![id as i64; *count]).collect()]
}

/// With mpmath, mp.dps = 400; N, f1, f2 = sum(n), n.count(1), n.count(2)
/// H = sum(mpf(x) / N * (harmonic(N - 1) - harmonic(x - 1)) for x in n)
/// A = mpf(2 * f2) / ((N - 1) * f1 + 2 * f2) if f2 else mpf(2) / ((N - 1) * (f1 - 1) + 2)
/// if f1 and A != 1: H += mpf(f1) / N * (1 - A)**(1 - N) * (-log(A) - sum((1 - A)**r / r for r in range(1, N)))
#[test]
fn chao_wang_jost_equals_mpmath() {
    let mut rarely_once = vec![300];
    rarely_once.extend([2; 100]);
    rarely_once.push(1);
    for (counts, expected) in [
        (&[4, 2, 1, 1, 1][..], 1.92589724324696),
        (&[1, 1, 1], 1.9718776495032468),
        (&[5, 1], 197.0 / 360.0),
        (&[9, 3, 2, 2, 2, 2, 2, 1], 2.0007008160171635),
        (&rarely_once, 2.6335535723514666),
        (&[10], 0.0),
        (&[1], 0.0),
    ] {
        let found = chao_wang_jost_entropy(&text(counts), None).unwrap();
        assert!((found - expected).abs() < 1e-12, "{counts:?}: {found}, expected {expected}");
    }
    let skipped = chao_wang_jost_entropy(&[vec![9i64, 1, 9, 2, 1]], Some(9)).unwrap();
    assert_eq!(skipped, chao_wang_jost_entropy(&[vec![1i64, 2, 1]], None).unwrap());
}

/// Words' frequencies fall as 1 / rank: with as many tokens as words, Miller and Madow's correction leaves more
/// than half of the bias, and Chao, Wang and Jost's little.
#[test]
fn chao_wang_jost_estimates_a_long_tail() {
    let words = 5000;
    let mut cumulative: Vec<f64> = (1..=words).map(|rank| 1.0 / f64::from(rank)).collect();
    let total: f64 = cumulative.iter().sum();
    let truth = -cumulative.iter().map(|w| w / total * (w / total).ln()).sum::<f64>();
    let mut sum = 0.0;
    cumulative.iter_mut().for_each(|weight| {
        sum += *weight / total;
        *weight = sum;
    });
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut bias = [0.0; 3];
    for _ in 0..40 {
        let word = |u: f64| cumulative.partition_point(|sum| *sum < u) as i64;
        let texts: Vec<Vec<i64>> = (0..10).map(|_| (0..500).map(|_| word(rng.random())).collect()).collect();
        for (bias, found) in bias.iter_mut().zip([
            token_entropy(&texts, None),
            miller_madow_entropy(&texts, None),
            chao_wang_jost_entropy(&texts, None),
        ]) {
            *bias += (found.unwrap() - truth) / 40.0;
        }
    }
    let [plain, miller_madow, chao_wang_jost] = bias;
    assert!(plain < -0.3 && miller_madow < 0.5 * plain, "{bias:?}");
    assert!(chao_wang_jost.abs() < 0.3 * miller_madow.abs(), "{bias:?}");
}

#[test]
fn diversity_of_a_worked_example() {
    // 0 ends a text; what follows it is padding.
    let texts = [vec![5i64, 6, 5, 6, 5, 0, 0, 0], vec![5, 6, 7], vec![0], vec![8, 0, 9, 9]];
    let found = Diversity::of(&texts, &[1, 2, 3], Some(0)).unwrap();
    assert_eq!((found.texts, found.mean_length, found.unfinished), (4, 9.0 / 4.0, Some(1.0 / 4.0)));
    let [one, two, three] = found.ngrams[..] else { panic!("three were asked for") };
    // 5 6 5 6 5 | 5 6 7 | 8: of 9 tokens 4 distinct; 2 of 5, 3 of 3, 1 of 1.
    assert_eq!((one.n, one.ngrams, one.distinct), (1, 9, 4.0 / 9.0));
    assert!((one.distinct_per_text - (2.0 / 5.0 + 1.0 + 1.0) / 3.0).abs() < 1e-12);
    // 56 65 56 65 | 56 67: of 6, 3 distinct; 2 of 4, 2 of 2.
    assert_eq!((two.n, two.ngrams, two.distinct, two.distinct_per_text), (2, 6, 0.5, 0.75));
    assert_eq!(two.self_repetition(), 0.25);
    // 565 656 565 | 567: of 4, 3 distinct; 2 of 3, 1 of 1.
    assert_eq!((three.n, three.ngrams, three.distinct), (3, 4, 0.75));
    assert!((three.self_repetition() - (1.0 / 3.0) / 2.0).abs() < 1e-12);
}

#[test]
fn without_eos_all_tokens_count() {
    let found = Diversity::of(&[vec![1i64, 0, 1, 0]], &[1], None).unwrap();
    assert_eq!((found.mean_length, found.unfinished, found.ngrams[0].ngrams), (4.0, None, 4));
    assert_eq!(Diversity::of(&[vec![1i64]], &[], None).unwrap().ngrams, []);
}

/// Equal texts have the self-repetition of one of them, and decreasing diversity between texts.
#[test]
fn repeated_texts_are_less_distinct_but_not_more_repetitive() {
    let of = |texts: usize| Diversity::of(&vec![[1i64, 2, 3, 1, 2]; texts], &[2], None).unwrap().ngrams[0];
    assert_eq!(of(1).distinct, 3.0 / 4.0);
    assert_eq!(of(10).distinct, 3.0 / 40.0);
    assert_eq!(of(10).self_repetition(), of(1).self_repetition());
}

#[test]
fn empty_inputs_are_rejected() {
    let none: [Vec<i64>; 0] = [];
    assert_eq!(Diversity::of(&none, &[1], None), Err(Error::Empty("texts")));
    assert_eq!(chao_wang_jost_entropy(&none, None), Err(Error::Empty("texts")));
    assert!(matches!(Diversity::of(&[vec![1i64, 2]], &[1, 3], None), Err(Error::Empty(_))));
    assert!(matches!(Diversity::of(&[vec![0i64, 2]], &[1], Some(0)), Err(Error::Empty(_))));
    assert!(matches!(Diversity::of(&[vec![1i64, 2]], &[0], None), Err(Error::Option { option: "n", .. })));
}
