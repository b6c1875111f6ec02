// Each language by its own name.
import type { Language } from "./language";

export const LANGUAGE_NAMES: Record<Language, string> = { en: "English", he: "עברית" };
