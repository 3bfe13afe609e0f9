//! Processes that do not find each other. The ranks are threads here.

use crate::support::free_port;
use align_distributed::{Error, GroupOptions, Launch, ProcessGroup};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(2);

fn options() -> GroupOptions {
    GroupOptions { timeout: Duration::from_secs(10), start_timeout: START }
}

/// The errors of launches that run at the same time, each within the time limit.
fn problems(launches: impl IntoIterator<Item = Launch>) -> Vec<String> {
    let connect = |launch: Launch| {
        thread::spawn(move || {
            let start = Instant::now();
            let error: Error = ProcessGroup::connect(&launch, options()).unwrap_err();
            assert!(start.elapsed() < START + Duration::from_secs(3), "{error} after {:?}", start.elapsed());
            error.to_string()
        })
    };
    let threads: Vec<_> = launches.into_iter().map(connect).collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

fn problem(launch: Launch) -> String {
    problems([launch]).remove(0)
}

#[test]
fn a_port_in_use() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let found = problem(Launch::new(0, 2, "127.0.0.1", address.port()));
    let expected = format!("rank 0 cannot listen on {address}: another program uses this port. Set MASTER_PORT");
    assert!(found.starts_with(&expected), "{found}");
    // The other ranks reach the other program, which says nothing.
    let found = problem(Launch::new(1, 2, "127.0.0.1", address.port()));
    assert!(found.contains(&format!("rank 1 is connected to {address}, but no store answers there")), "{found}");
}

#[test]
fn a_wrong_port_or_address() {
    let port = free_port();
    let found = problem(Launch::new(1, 2, "127.0.0.1", port));
    assert!(
        found.starts_with("rank 1 tried for 2.") && found.contains(&format!("127.0.0.1:{port}: Connection refused")),
        "{found}"
    );
    assert!(found.contains("MASTER_ADDR and MASTER_PORT"), "{found}");
    let found = problem(Launch::new(1, 2, "no-such-host.invalid", port));
    assert!(found.contains("rank 1 cannot find the host \"no-such-host.invalid\" of MASTER_ADDR"), "{found}");
    // An address for documentation, which no machine has.
    let found = problem(Launch::new(0, 2, "192.0.2.1", port));
    assert!(
        found.contains("cannot listen on 192.0.2.1") && found.contains("not an address of this machine"),
        "{found}"
    );
}

#[test]
fn ranks_that_do_not_start() {
    let port = free_port();
    for (rank, found) in problems([0, 2].map(|rank| Launch::new(rank, 4, "127.0.0.1", port))).iter().enumerate() {
        let start = format!("rank {} waited 2.", rank * 2);
        assert!(
            found.starts_with(&start) && found.contains("for all 4 ranks to start, but ranks 1 and 3 did not"),
            "{found}"
        );
    }
}

#[test]
fn ranks_that_contradict_each_other() {
    let port = free_port();
    let found = problems([0, 1, 1].map(|rank| Launch::new(rank, 3, "127.0.0.1", port)));
    assert!(found.iter().all(|found| found.contains("two processes were started as rank 1")), "{found:?}");
    let port = free_port();
    let found = problems([Launch::new(0, 2, "127.0.0.1", port), Launch::new(1, 3, "127.0.0.1", port)]);
    for found in found {
        let expected = ["the world size 2, but another rank with 3", "the world size 3, but another rank with 2"];
        assert!(expected.iter().any(|expected| found.contains(expected)), "{found}");
    }
}

#[test]
fn a_time_limit_must_leave_time() {
    let short = GroupOptions { timeout: Duration::from_millis(10), ..options() };
    let found = ProcessGroup::connect(&Launch::new(0, 2, "127.0.0.1", free_port()), short).unwrap_err().to_string();
    assert!(found.contains("the time limit is 10ms, expected at least 400ms"), "{found}");
}

/// Neither the store nor the group listens on other addresses than the loopback one.
#[cfg(target_os = "linux")]
#[test]
fn only_the_given_address_listens() {
    let port = free_port();
    let connect =
        |rank| thread::spawn(move || ProcessGroup::connect(&Launch::new(rank, 2, "127.0.0.1", port), options()));
    let groups: Vec<_> = [0, 1].map(connect).into_iter().map(|thread| thread.join().unwrap().unwrap()).collect();
    let table = |name| std::fs::read_to_string(format!("/proc/self/net/{name}")).unwrap();
    let inodes: Vec<String> = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut listening = 0;
    for line in [table("tcp"), table("tcp6")].iter().flat_map(|table| table.lines()) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // 0A is the state of a listening socket, 0100007F the loopback address.
        if fields.get(3) == Some(&"0A") && fields.get(9).is_some_and(|inode| inodes.iter().any(|own| own == inode)) {
            assert!(fields[1].starts_with("0100007F:"), "{line}");
            listening += 1;
        }
    }
    assert!(listening >= 2, "{listening}");
    drop(groups);
}
