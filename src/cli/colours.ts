/** Colours of a terminal, and what ends them. */
export const RED = '\u001b[31m';
export const GREEN = '\u001b[32m';
export const YELLOW = '\u001b[33m';
export const BOLD = '\u001b[1m';
export const PLAIN = '\u001b[0m';
