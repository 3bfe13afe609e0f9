use std::path::Path;

/// A path as a word for a shell, in quotes if it needs them, for commands that are printed to be typed.
pub fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    // Bytes that no shell accepts are left as they are: such a path cannot be typed.
    shlex::try_quote(&text).map_or_else(|_| text.to_string(), |quoted| quoted.into_owned())
}

/// A list such as `a,b` or `a=1,b=2` as a word for a shell: commas and equals signs between its parts need no quotes.
pub fn quoted_list(list: &str) -> String {
    let part = |part: &str| {
        let name = part.trim_end_matches([',', '=']);
        let name_in_quotes = if name.is_empty() { String::new() } else { quoted(Path::new(name)) };
        name_in_quotes + part.get(name.len()..).unwrap_or_default()
    };
    list.split_inclusive([',', '=']).map(part).collect()
}

/// A command that generates texts with the model in a folder.
pub fn generate_command(model: &Path) -> String {
    command_for(model, model.join("chat_template.jinja").is_file())
}

/// A command that talks with a chat model, or generates texts with another model.
pub fn command_for(model: &Path, is_chat_model: bool) -> String {
    match is_chat_model {
        true => format!("align chat --model {}", quoted(model)),
        false => format!("align generate --model {} --prompt \"The film\" --do-sample", quoted(model)),
    }
}

/// The command that this process was started with, to be printed so that it can be typed again.
pub fn this_command() -> String {
    let arguments = std::env::args_os().skip(1);
    let words = arguments.map(|argument| quoted(Path::new(&argument)));
    std::iter::once("align".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_special_characters_need_quotes() {
        assert_eq!(quoted(Path::new("runs/first")), "runs/first");
        assert_eq!(quoted(Path::new("my runs/$HOME")), "'my runs/$HOME'");
    }
}
