//! `cargo xtask env`: shell commands that let other projects find this LibTorch.

use crate::failure::Failure;
use std::path::Path;

/// Commands for `eval` in a POSIX shell.
pub fn lines(libtorch: &Path) -> Result<String, Failure> {
    let folder = libtorch
        .to_str()
        .ok_or_else(|| Failure::new(format!("{} is not UTF-8 and cannot be printed", libtorch.display())))?;
    if folder.contains(':') {
        return Err(Failure::new(format!("{folder} contains a colon, which is not possible in LD_LIBRARY_PATH")));
    }
    let libraries = quote(&format!("{folder}/lib"));
    Ok(format!(
        "export LIBTORCH={}\nexport LD_LIBRARY_PATH=\"${{LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}}\"{libraries}\n",
        quote(folder)
    ))
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::process::Command;

    /// The variables after a shell has evaluated the commands.
    fn evaluate(libtorch: &str, before: Option<&str>) -> String {
        let script =
            format!("{}printf '%s|%s' \"$LIBTORCH\" \"$LD_LIBRARY_PATH\"", lines(Path::new(libtorch)).unwrap());
        let mut shell = Command::new("sh");
        shell.arg("-euc").arg(script).env_remove("LIBTORCH").env_remove("LD_LIBRARY_PATH");
        if let Some(path) = before {
            shell.env("LD_LIBRARY_PATH", path);
        }
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn a_shell_evaluates_the_commands() {
        assert_eq!(evaluate("/w/.libtorch", None), "/w/.libtorch|/w/.libtorch/lib");
        assert_eq!(evaluate("/w/.libtorch", Some("/gpu lib")), "/w/.libtorch|/gpu lib:/w/.libtorch/lib");
        assert_eq!(evaluate("/it's $HOME/`t`", None), "/it's $HOME/`t`|/it's $HOME/`t`/lib");
    }

    #[test]
    fn a_colon_is_rejected() {
        assert!(lines(Path::new("/a:b/.libtorch")).is_err());
    }
}
