// Copies a text, and says so where it was asked.
import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "./button";

const COPIED_MS = 2_000;

function useCopy(value: string): readonly [boolean, () => void] {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_MS);
  };
  return [copied, () => void copy()];
}

/** The icon alone, beside a short value. */
export function CopyButton({ value, name }: { value: string; name?: string }) {
  const { t } = useTranslation();
  const [copied, copy] = useCopy(value);
  return (
    <IconButton name={copied ? t("common.copied") : (name ?? t("common.copy"))} onClick={copy} className="!size-8">
      {copied ? <Check size={15} aria-hidden="true" className="text-ok" /> : <Copy size={15} aria-hidden="true" />}
    </IconButton>
  );
}

/** A secret that is shown once: the whole of it, and a button that copies it. */
export function Secret({ label, value }: { label: string; value: string }) {
  const { t } = useTranslation();
  const [copied, copy] = useCopy(value);
  return (
    <div className="grid gap-2">
      <p className="font-medium">{label}</p>
      <output dir="ltr" className="block rounded-card border border-line bg-sunken p-3 font-mono text-sm break-all select-all">
        {value}
      </output>
      <Button look="primary" onClick={copy} className="justify-self-start">
        {copied ? <Check size={16} aria-hidden="true" /> : <Copy size={16} aria-hidden="true" />}
        <span aria-live="polite">{copied ? t("common.copied") : t("common.copy")}</span>
      </Button>
    </div>
  );
}

/** Lines of code that read from left to right in every language. */
export function CodeBlock({ label, code }: { label: string; code: string }) {
  return (
    <div className="relative min-w-0">
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls must be reachable by keyboard */}
      <pre dir="ltr" role="region" aria-label={label} tabIndex={0} className="overflow-x-auto rounded-card border border-line bg-sunken p-4 pe-12 text-[13px] leading-5">
        <code>{code}</code>
      </pre>
      <div className="absolute end-1.5 top-1.5 rounded-card bg-sunken" dir="ltr">
        <CopyButton value={code} />
      </div>
    </div>
  );
}
