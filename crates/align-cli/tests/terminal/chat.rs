use crate::pseudo_terminal::PseudoTerminal;
use crate::support::chat_model::write_long_chat_model;
use crate::support::command;

/// Ctrl-C stops an answer and not the program. At the prompt, it does nothing.
#[test]
fn ctrl_c_stops_an_answer_and_not_the_program() {
    let dir = tempfile::tempdir().unwrap();
    write_long_chat_model(dir.path());
    let args = ["--model", "long-chat-model", "--max-new-tokens", "20000", "--min-new-tokens", "20000"];
    let mut terminal = PseudoTerminal::start(command("chat", dir.path(), &args));
    terminal.wait_for("/quit leaves\n> ");
    terminal.type_text("Hello\r");
    terminal.wait_for("> Hello\n");
    terminal.interrupt();
    terminal.wait_for("[stopped]\n> ");
    terminal.type_text("/help\r");
    terminal.wait_for("Ctrl-C stops an answer.\n> ");
    terminal.type_text("\x03");
    terminal.wait_for("> \n/quit leaves\n> ");
    terminal.type_text("/quit\r");
    assert!(terminal.exit_status().success());
}
