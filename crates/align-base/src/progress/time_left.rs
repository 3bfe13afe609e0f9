use std::time::Duration;

/// The remaining time of a task with `total` items, of which the first number was done before and the second is done after `elapsed`.
/// `None` while no item is done. A mean over the whole task is steadier than one over the last items, which may take minutes each.
pub fn time_left(elapsed: Duration, [before, done]: [u64; 2], total: u64) -> Option<Duration> {
    let remaining = total.checked_sub(done)?;
    (done > before).then(|| elapsed.mul_f64(remaining as f64 / (done - before) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_an_earlier_process_do_not_count() {
        let minute = Duration::from_secs(60);
        assert_eq!(time_left(minute, [0, 0], 10), None);
        assert_eq!(time_left(minute, [0, 4], 10), Some(Duration::from_secs(90)));
        assert_eq!(time_left(minute, [6, 8], 10), Some(minute));
        assert_eq!(time_left(minute, [0, 11], 10), None);
    }
}
