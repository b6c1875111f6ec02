// The first message by the API, in three languages, with the ids of whoever reads it. The files are run by the tests of
// the program as they are shown.
import curl from "./samples/curl.sh?raw";
import javascript from "./samples/javascript.mjs?raw";
import python from "./samples/python.py?raw";

export const LANGUAGES = ["curl", "python", "javascript"] as const;
export type Language = (typeof LANGUAGES)[number];

interface Ids {
  /** Where this installation answers. */
  origin: string;
  /** The number to send from. */
  session: string;
}

const FILES: Record<Language, string> = { curl, python, javascript };

export function sample(language: Language, { origin, session }: Ids): string {
  return FILES[language].replaceAll("https://wa.example.com", origin).replaceAll("ses_…", session);
}
