/** Reads whose a token is. The host checks it; the page only keeps the chats of two people apart. */

/** The token's `sub`; nothing if it cannot be read. */
export function subjectOf(token: string): string | undefined {
  try {
    const claims = token.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(claims.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
    const subject: unknown = JSON.parse(new TextDecoder().decode(bytes)).sub;
    return typeof subject === "string" && subject !== "" ? subject : undefined;
  } catch {
    return undefined;
  }
}
