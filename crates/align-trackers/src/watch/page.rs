/// The path of the script that keeps the page up to date. The page must contain `<script src="/live.js" defer></script>`.
pub const SCRIPT_PATH: &str = "/live.js";

/// A page that changes.
pub trait LivePage: Send + Sync + 'static {
    /// A text that changes whenever the page changes. It is asked for every second, so it should be cheap.
    fn version(&self) -> String;

    /// The page as HTML, or why it cannot be made.
    ///
    /// # Errors
    /// What is wrong, as a text for the reader of the page.
    fn html(&self) -> Result<String, String>;
}
