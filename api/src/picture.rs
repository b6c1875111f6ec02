//! Draws a QR code, as SVG or as PNG.

use qrcode::render::svg;
use qrcode::types::QrError;
use qrcode::{Color, EcLevel, QrCode};

/// Pixels of one module in a PNG; a code of a link attempt is then about 550 pixels wide.
const SCALE: usize = 8;
/// White modules around the code, as the standard asks.
const MARGIN: usize = 4;

/// A text that cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undrawable {
    #[error("the text does not fit into a QR code: {0}")]
    Code(#[from] QrError),
    #[error("the picture could not be written: {0}")]
    Picture(#[from] png::EncodingError),
}

fn code(text: &str) -> Result<QrCode, QrError> {
    QrCode::with_error_correction_level(text, EcLevel::L)
}

/// As SVG that scales.
pub(crate) fn svg(text: &str) -> Result<String, Undrawable> {
    let code = code(text)?;
    Ok(code
        .render::<svg::Color<'_>>()
        .min_dimensions(264, 264)
        .build())
}

/// As PNG in black and white.
pub(crate) fn png(text: &str) -> Result<Vec<u8>, Undrawable> {
    let code = code(text)?;
    let modules = code.width();
    let colors = code.to_colors();
    let side = (modules + 2 * MARGIN) * SCALE;
    let dark = |x: usize, y: usize| {
        let (column, row) = (
            (x / SCALE).checked_sub(MARGIN),
            (y / SCALE).checked_sub(MARGIN),
        );
        let (Some(column), Some(row)) = (column, row) else {
            return false;
        };
        column < modules && colors.get(row * modules + column) == Some(&Color::Dark)
    };
    let pixels: Vec<u8> = (0..side * side)
        .map(|at| {
            if dark(at % side, at / side) {
                0
            } else {
                u8::MAX
            }
        })
        .collect();

    let width = u32::try_from(side).unwrap_or(u32::MAX);
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, width, width);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_pictures_show_the_code_inside_a_quiet_zone() {
        assert!(svg("2@abc,def").unwrap().contains("<svg"));
        let picture = png("2@abc,def").unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(picture))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let side = usize::try_from(info.width).unwrap();
        assert_eq!(pixels[0], u8::MAX, "the corner is white");
        let inside = MARGIN * SCALE;
        assert_eq!(
            pixels[inside * side + inside],
            0,
            "the finder pattern is black"
        );
    }
}
