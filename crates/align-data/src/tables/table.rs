/// What every table can do, around its checked `frame`: its type, its columns, and what it is called in messages.
macro_rules! table {
    ($name:ident, $columns:expr, $origin:literal) => {
        impl $name {
            /// A polars frame with this table's columns, and any others.
            ///
            /// # Errors
            /// When a column is missing or holds what it must not.
            pub fn from_frame(frame: polars_core::frame::DataFrame) -> crate::Result<Self> {
                Self::checked(frame, $origin)
            }

            /// The frame, checked; `origin` is what messages call it.
            pub(super) fn checked(frame: polars_core::frame::DataFrame, origin: &str) -> crate::Result<Self> {
                Ok(Self { frame: super::columns::check(frame, origin, $columns, &[])? })
            }

            /// Reads a CSV, Parquet or JSON Lines file; the notebook's header is accepted.
            ///
            /// # Errors
            /// When it cannot be read, a column is missing, or a row holds what it must not.
            pub fn read(path: impl AsRef<std::path::Path>) -> crate::Result<Self> {
                Ok(Self { frame: super::read(path.as_ref(), $columns, &[])? })
            }

            /// Writes a CSV, Parquet or JSON Lines file.
            ///
            /// # Errors
            /// When the file exists and `overwrite` is false, its name ends in none of the three, or it cannot be written.
            pub fn write(&self, path: impl AsRef<std::path::Path>, overwrite: bool) -> crate::Result<()> {
                super::write(path.as_ref(), &self.frame, overwrite)
            }

            /// The number of rows.
            pub fn len(&self) -> usize {
                self.frame.height()
            }

            /// Whether there are no rows.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// The polars frame.
            pub fn frame(&self) -> &polars_core::frame::DataFrame {
                &self.frame
            }

            /// The polars frame, taken out.
            pub fn into_frame(self) -> polars_core::frame::DataFrame {
                self.frame
            }
        }
    };
}

pub(super) use table;
