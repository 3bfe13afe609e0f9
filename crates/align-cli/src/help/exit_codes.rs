/// The text on exit codes in `align --help`.
pub const EXIT_CODES: &str = "Exit codes:
  0    success, also if the reader of standard output closed it early
  1    error
  2    invalid options
  65   align audit: a finding exceeds a threshold of --fail-on
  74   all files were written, but standard output could not be
  130  stopped by Ctrl-C (143: SIGTERM, 129: SIGHUP); what can be resumed is saved";
