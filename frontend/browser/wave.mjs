// Sound files as telephones take them: 8,000 samples of mu-law a second.

const RATE = 8_000;

/** A WAVE file (format 7) of so many seconds, its bytes not all the same. */
export function wave(seconds) {
  const samples = Math.round(RATE * seconds);
  const file = Buffer.alloc(44 + samples);
  file.write("RIFF", 0);
  file.writeUInt32LE(36 + samples, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(7, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(RATE, 24);
  file.writeUInt32LE(RATE, 28);
  file.writeUInt16LE(1, 32);
  file.writeUInt16LE(8, 34);
  file.write("data", 36);
  file.writeUInt32LE(samples, 40);
  for (let n = 0; n < samples; n += 1) file[44 + n] = 0x80 | (n % 97);
  return file;
}
