/** How long to wait before connecting again. */

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * Milliseconds before attempt `attempt` (from 0): anything between half a second and twice as much each time, at most
 * 30 s, so that thousands of pages do not come back in the same moment. `chance` is 0 to 1.
 */
export function delayMs(attempt: number, chance: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(FIRST_MS / 2 + chance * (ceiling - FIRST_MS / 2));
}
