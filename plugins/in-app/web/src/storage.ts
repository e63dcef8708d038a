/**
 * Keeps the transcript in the browser. Storage that is full, forbidden or broken is no reason not to chat: then the
 * transcript lives as long as the page.
 */

import { empty, merge, restored, type Kept } from "./transcript.ts";

export interface Cabinet {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The browser's storage, if it may be used at all. */
export function browserCabinet(): Cabinet | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}

/** One channel's transcripts: one of the anonymous visitor, one of each person who signs in. */
export class Storage {
  private readonly cabinet: Cabinet | undefined;
  private readonly prefix: string;
  private readonly newSecret: () => string;

  constructor(cabinet: Cabinet | undefined, endpoint: string, newSecret: () => string) {
    this.cabinet = cabinet;
    this.prefix = `trunkline-chat ${endpoint} `;
    this.newSecret = newSecret;
  }

  keyOf(subject: string | undefined): string {
    return this.prefix + (subject === undefined ? "anonymous" : `user ${subject}`);
  }

  /**
   * The transcript of this person, or of the anonymous visitor. What a visitor said before signing in becomes the
   * person's, once: whoever signs in next on this computer must not get it. Its secret is then in `linked`.
   */
  open(subject: string | undefined): { kept: Kept; linked: string | undefined } {
    const own = this.read(this.keyOf(subject));
    if (subject === undefined) return { kept: own ?? empty(this.newSecret()), linked: undefined };
    const before = this.read(this.keyOf(undefined));
    if (!before || before.entries.length === 0) {
      return { kept: own ?? empty(""), linked: own?.visitor || undefined };
    }
    // Both logs may differ: read from the beginning, double entries are known by their ids.
    const kept = { ...merge(own ?? empty(""), before), visitor: before.visitor, seq: 0, at: 0 };
    if (this.write(this.keyOf(subject), kept)) this.remove(this.keyOf(undefined));
    return { kept, linked: before.visitor };
  }

  /** Writes it, with what another tab wrote meanwhile; gives both together. */
  save(subject: string | undefined, kept: Kept): Kept {
    const key = this.keyOf(subject);
    const other = this.read(key);
    const together = other ? { ...merge(other, kept), visitor: kept.visitor } : kept;
    this.write(key, together);
    return together;
  }

  /** What another tab wrote, from a `storage` event. */
  parse(text: string | null): Kept | undefined {
    try {
      return restored(JSON.parse(text ?? "null"));
    } catch {
      return undefined;
    }
  }

  private read(key: string): Kept | undefined {
    try {
      return this.parse(this.cabinet?.getItem(key) ?? null);
    } catch {
      return undefined;
    }
  }

  private write(key: string, kept: Kept): boolean {
    try {
      this.cabinet?.setItem(key, JSON.stringify(kept));
      return this.cabinet !== undefined;
    } catch {
      return false;
    }
  }

  private remove(key: string): void {
    try {
      this.cabinet?.removeItem(key);
    } catch {
      // It stays, and is merged again: entries are known by their ids.
    }
  }
}
