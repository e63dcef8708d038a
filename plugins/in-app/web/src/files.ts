/** What a page says about files. Pure. */

import type { Limits } from "./protocol.ts";

/** Why the host would not take it, as the code it would answer with; nothing if it would. */
export function refusalOf(file: { type: string; size: number }, limits: Limits): string | undefined {
  if (file.size === 0) return "file-empty";
  if (limits.file_bytes > 0 && file.size > limits.file_bytes) return "file-too-large";
  return limits.file_types.length === 0 || fits(file.type, limits.file_types) ? undefined : "file-type";
}

function fits(type: string, allowed: readonly string[]): boolean {
  const essence = type.split(";")[0]?.trim().toLowerCase() ?? "";
  return allowed.some((one) => (one.endsWith("/*") ? essence.startsWith(one.slice(0, -1)) : essence === one));
}

/** Whether browsers show it as a picture. SVG can hold scripts and stays a file. */
export function isPicture(mime: string): boolean {
  return /^image\/(?:png|jpeg|gif|webp|avif)$/u.test(mime);
}

/** `1.4 MB`, in the language's own numbers. */
export function sizeText(bytes: number, language: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const unit = units[power] ?? "byte";
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit,
    unitDisplay: "short",
    maximumFractionDigits: power > 1 ? 1 : 0,
  }).format(bytes / 1000 ** power);
}
