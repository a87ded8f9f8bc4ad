/**
 * A small and fast source of random numbers for balancing (Marsaglia's xorshift, 32 bits). Its
 * sequence depends on the seed alone. Not for secrets.
 */
export class Xorshift {
  private state: number;

  /** `seed`: any number; its integer part is taken modulo 2^32. */
  constructor(seed: number) {
    // Neighbouring seeds must not give neighbouring sequences, and the state must not be 0.
    let mixed = Math.imul((seed | 0) ^ 0x9e3779b9, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    this.state = mixed ^ (mixed >>> 16) || 0x6d2b79f5;
  }

  /** The next number, uniform over 1 … 2^32 - 1. */
  next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return x >>> 0;
  }

  /** Uniform over 0 … limit - 1; `limit` is an integer of 1 … 2^31. */
  below(limit: number): number {
    return Math.floor((this.next() / 4_294_967_296) * limit);
  }
}
