use super::{Drawing, font};
use crate::output_file::write_file;
use crate::{Error, Result};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg;
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// CSS pixels per inch.
const PIXELS_PER_INCH: f64 = 96.0;

/// Most pixels of an image: 100 million pixels take 400 MB of memory.
const MAX_PIXELS: f64 = 1e8;

/// The fonts, loaded once.
static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(notosans::REGULAR_TTF.to_vec());
    fonts.set_sans_serif_family(font::FAMILY);
    Arc::new(fonts)
});

impl Drawing {
    /// The figure as an opaque PNG image with the given resolution; 300 dots per inch are usual in print. Characters
    /// that Noto Sans lacks (it covers Latin, Greek and Cyrillic) are drawn as boxes.
    ///
    /// # Errors
    /// When the resolution is 0, or the image would have more than 100 million pixels.
    pub fn png(&self, dots_per_inch: u32) -> Result<Vec<u8>> {
        render(&self.svg, dots_per_inch)
    }

    /// Writes the PNG file atomically. Missing folders are created.
    ///
    /// # Errors
    /// As for [`png`](Self::png), when the file exists and `overwrite` is false, or when it cannot be written.
    pub fn write_png(&self, path: &Path, dots_per_inch: u32, overwrite: bool) -> Result<()> {
        write_file(path, &self.png(dots_per_inch)?, overwrite)
    }
}

/// Renders an SVG with `dots_per_inch`, which the file records.
fn render(svg: &str, dots_per_inch: u32) -> Result<Vec<u8>> {
    let refused = |problem: String| Error::Png(problem);
    if dots_per_inch == 0 {
        return Err(Error::Option {
            option: "dots_per_inch",
            expected: "at least 1".to_owned(),
            found: "0".to_owned(),
        });
    }
    let options = usvg::Options {
        font_family: font::FAMILY.to_owned(),
        fontdb: FONTS.clone(),
        dpi: PIXELS_PER_INCH as f32,
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|e| refused(e.to_string()))?;
    let scale = f64::from(dots_per_inch) / PIXELS_PER_INCH;
    let pixels = |length: f32| (f64::from(length) * scale).round().max(1.0);
    let (width, height) = (pixels(tree.size().width()), pixels(tree.size().height()));
    if width * height > MAX_PIXELS {
        let expected = format!("an image of at most {MAX_PIXELS:e} pixels");
        let found = format!("{dots_per_inch}, which makes {width} x {height}");
        return Err(Error::Option { option: "dots_per_inch", expected, found });
    }
    let no_room = || refused(format!("cannot allocate an image of {width} x {height} pixels"));
    let mut image = Pixmap::new(width as u32, height as u32).ok_or_else(no_room)?;
    resvg::render(&tree, Transform::from_scale(scale as f32, scale as f32), &mut image.as_mut());
    encode(&image, dots_per_inch).map_err(|e| refused(e.to_string()))
}

/// Encodes the image without alpha channel, because figures have an opaque background.
fn encode(image: &Pixmap, dots_per_inch: u32) -> std::result::Result<Vec<u8>, png::EncodingError> {
    let colours: Vec<u8> = image.data().chunks_exact(4).flat_map(|pixel| pixel.iter().take(3)).copied().collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width(), image.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let per_metre = (f64::from(dots_per_inch) / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&colours)?;
    writer.finish()?;
    Ok(bytes)
}
