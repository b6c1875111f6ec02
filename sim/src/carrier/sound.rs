//! Sound as telephones carry it: 8,000 bytes of mu-law (ITU G.711) a second, one channel.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

/// Bytes of a second, and of a millisecond.
pub(crate) const SECOND: usize = 8_000;
const MILLISECOND: u128 = 8;

/// Silence.
pub(crate) const SILENCE: u8 = 0xFF;

/// Twice the cosine of the step of a telephone's eight tones at 8,000 Hz, times 2^14: 697 to 941 Hz and 1,209 to
/// 1,633 Hz.
const LOW: [i64; 4] = [27_980, 26_956, 25_701, 24_219];
const HIGH: [i64; 4] = [19_073, 16_325, 13_085, 9_315];

/// The first sample of a tone, which sets how loud it is: below a quarter of the range, so that two fit.
const LOUDNESS: i64 = 3_000;

/// How long a syllable and the pause after it are, in samples: what makes tones sound like speech.
const SYLLABLE: usize = 1_200;
const PAUSE: usize = 400;

/// One sample as mu-law.
pub(crate) fn encode(sample: i16) -> u8 {
    const BIAS: i32 = 0x84;
    const CLIP: i32 = 32_635;
    let sign: u8 = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(CLIP) + BIAS;
    // The highest set bit is between 7 and 14, because of the bias and the clip.
    let exponent = (31 - magnitude.leading_zeros()).saturating_sub(7).min(7);
    let mantissa = (magnitude >> (exponent + 3)) & 0x0F;
    let packed = u8::try_from((exponent << 4) | mantissa.unsigned_abs()).unwrap_or(0x7F);
    !(sign | packed)
}

/// Something like speech: tones that depend on `words`, in syllables.
pub(crate) fn speech(words: &str, length: Duration) -> Vec<u8> {
    let samples = samples(length);
    let mut voice = DefaultHasher::new();
    words.hash(&mut voice);
    let mut seed = voice.finish();
    let mut sound = Vec::with_capacity(samples);
    while sound.len() < samples {
        let pick = |from: &[i64; 4], by: u64| {
            let index = usize::try_from(by % 4).unwrap_or_default();
            from.get(index).copied().unwrap_or_default()
        };
        two_tones(
            pick(&LOW, seed),
            pick(&HIGH, seed >> 2),
            SYLLABLE,
            &mut sound,
        );
        sound.resize(sound.len() + PAUSE, SILENCE);
        seed = seed.rotate_right(4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    sound.truncate(samples);
    sound
}

/// Adds two tones at once; each is a recurrence that needs no more than its step.
fn two_tones(low: i64, high: i64, samples: usize, sound: &mut Vec<u8>) {
    let mut states = [(low, 0, LOUDNESS), (high, 0, LOUDNESS)];
    for _ in 0..samples {
        let mut sum = 0;
        for (step, before, now) in &mut states {
            sum += *now;
            let next = ((*step * *now) >> 14) - *before;
            *before = *now;
            *now = next;
        }
        let sample = sum.clamp(i64::from(i16::MIN), i64::from(i16::MAX));
        sound.push(encode(i16::try_from(sample).unwrap_or_default()));
    }
}

/// How many samples last so long.
pub(crate) fn samples(length: Duration) -> usize {
    usize::try_from(length.as_millis().saturating_mul(MILLISECOND)).unwrap_or(usize::MAX)
}

/// How long so many samples last.
pub(crate) fn length(samples: usize) -> Duration {
    let ms = samples / (SECOND / 1_000);
    Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
}

/// A WAVE file (format 7, mu-law) of that sound.
pub(crate) fn wav(sound: &[u8]) -> Vec<u8> {
    let size = u32::try_from(sound.len()).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(sound.len() + 46);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&size.saturating_add(38).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&18_u32.to_le_bytes());
    // Mu-law, one channel.
    file.extend_from_slice(&7_u16.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&8_000_u32.to_le_bytes());
    file.extend_from_slice(&8_000_u32.to_le_bytes());
    // Bytes of a sample, bits of a sample, and no more about it.
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&8_u16.to_le_bytes());
    file.extend_from_slice(&0_u16.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&size.to_le_bytes());
    file.extend_from_slice(sound);
    file
}

/// SHA-256 of bytes in hexadecimal digits, by which a ledger tells sounds apart.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for half in [byte >> 4, byte & 0xF] {
            hex.extend(char::from_digit(u32::from(half), 16));
        }
    }
    hex
}

/// How long a file lasts: a WAVE file says so itself, bare mu-law by its size. Of other formats nothing is known.
pub(crate) fn duration(content_type: &str, file: &[u8]) -> Option<Duration> {
    if file.starts_with(b"RIFF") {
        return wav_duration(file);
    }
    matches!(content_type, "audio/basic" | "audio/x-mulaw" | "audio/ulaw")
        .then(|| length(file.len()))
}

fn wav_duration(file: &[u8]) -> Option<Duration> {
    let four = |at: usize| {
        let bytes = file.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    let (mut at, mut rate) = (12, None);
    loop {
        let name = file.get(at..at + 4)?;
        let size = four(at + 4)?;
        match name {
            b"fmt " => rate = four(at + 16),
            b"data" => {
                let ms = u64::from(size) * 1_000 / u64::from(rate.filter(|rate| *rate > 0)?);
                return Some(Duration::from_millis(ms));
            }
            _ => {}
        }
        // Chunks are padded to an even size.
        at += 8 + usize::try_from(size).ok()?.next_multiple_of(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_become_the_bytes_that_g711_has_for_them() {
        for (sample, byte) in [
            (0, 0xFF),
            (1_000, 0xCE),
            (-1_000, 0x4E),
            (8_031, 0xA0),
            (-8_031, 0x20),
            (i16::MAX, 0x80),
            (i16::MIN, 0x00),
        ] {
            assert_eq!(encode(sample), byte, "{sample}");
        }
    }

    #[test]
    fn a_file_says_how_long_its_sound_is() {
        let sound = speech("hello", Duration::from_millis(2_500));
        assert_eq!(sound.len(), 20_000);
        assert!(sound.iter().any(|byte| *byte != SILENCE));
        assert_ne!(sound, speech("other", Duration::from_millis(2_500)));
        assert_eq!(
            duration("audio/wav", &wav(&sound)),
            Some(Duration::from_millis(2_500))
        );
        assert_eq!(
            duration("audio/basic", &sound),
            Some(Duration::from_millis(2_500))
        );
        assert_eq!(duration("audio/mpeg", &sound), None);
        assert_eq!(duration("audio/wav", b"RIFF\0\0\0\0WAVEdata"), None);
    }
}
