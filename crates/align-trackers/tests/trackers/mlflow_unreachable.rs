//! Servers that cannot be reached, or answer with errors.

use align_trackers::mlflow::{End, MlflowRun, MlflowSettings, RunStart};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

fn start(uri: &str) -> MlflowRun {
    let parameters = vec![("beta".to_owned(), "0.1".to_owned())];
    let start = RunStart::now("0123", Some("run".to_owned()), parameters);
    MlflowRun::start(MlflowSettings::new(uri, "Default").unwrap(), start).unwrap()
}

#[test]
fn a_server_that_is_down_costs_no_time_and_what_was_not_sent_is_said() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let uri = format!("http://127.0.0.1:{port}");
    let started = Instant::now();
    let run = start(&uri);
    for step in 1..=1000 {
        run.log(step, [("loss", 1.0), ("grad_norm", 2.0)]);
    }
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    std::thread::sleep(Duration::from_millis(300));
    let not_sent = run.finish(End::Finished).unwrap();
    assert_eq!((not_sent.metrics, not_sent.parameters, &not_sent.tracking_uri), (2000, 1, &uri));
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    let message = not_sent.to_string();
    assert!(message.contains("did not get 2000 values of metrics and 1 parameter: "), "{message}");
}

#[test]
fn a_message_of_the_server_is_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let body = r#"{"error_code":"PERMISSION_DENIED","message":"you \u001b[31m may not"}"#;
            let length = body.len();
            write!(stream, "HTTP/1.1 403 Forbidden\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
                .unwrap();
        }
    });
    let run = start(&uri);
    run.log(1, [("loss", 1.0)]);
    std::thread::sleep(Duration::from_millis(300));
    let reason = run.finish(End::Stopped).unwrap().reason;
    assert_eq!(reason, "status 403: you \\u{1b}[31m may not");
}
