/** Tells systemd how the service is: sd_notify(3), and the watchdog of sd_watchdog_enabled(3). */
import { isNotifyAddress, sendNotification } from '../../sys/notify-socket.ts';

/** A message that was not taken is sent again after so long, and so often, in ms. */
const RETRY_MS = 100;
const RETRIES_MAX = 50;
/** Messages that wait at once; the oldest one is dropped for a further one. */
const WAITING_MAX = 32;

const US_PER_MS = 1_000;

export class Notifier {
  readonly #address: string | null;
  readonly #watchdogMs: number;
  readonly #waiting: string[] = [];
  #tries = 0;
  #retry: NodeJS.Timeout | null = null;
  #watchdog: NodeJS.Timeout | null = null;

  /** Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. Without the first it does nothing. */
  constructor(env: NodeJS.ProcessEnv = process.env) {
    const address = env['NOTIFY_SOCKET'] ?? '';
    this.#address = isNotifyAddress(address) ? address : null;
    const isOurs = Number(env['WATCHDOG_PID'] ?? process.pid) === process.pid;
    const usec = Number(env['WATCHDOG_USEC'] ?? 0);
    this.#watchdogMs = isOurs && usec > 0 ? usec / US_PER_MS : 0;
  }

  /** Whether somebody is told. */
  get isOn(): boolean {
    return this.#address !== null;
  }

  /** The service serves, for the first time or after `reloading`. */
  ready(status: string): void {
    this.#say('READY=1', `STATUS=${status}`);
  }

  /** A reload has begun; `ready` ends it. */
  reloading(): void {
    const now = process.hrtime.bigint() / 1_000n;
    this.#say('RELOADING=1', `MONOTONIC_USEC=${now}`, 'STATUS=reloading');
  }

  /** It drains, for up to so long: systemd waits as long, whatever TimeoutStopSec says. */
  stopping(forMs: number): void {
    const usec = Math.round(forMs * US_PER_MS);
    this.#say('STOPPING=1', `EXTEND_TIMEOUT_USEC=${usec}`, 'STATUS=draining');
  }

  /** Another process is the main one from now on. */
  mainProcess(pid: number): void {
    this.#say(`MAINPID=${pid}`);
    this.stop();
  }

  /**
   * Tells the watchdog twice in its time that all is well, while `isWell` says so: a loop that
   * stands still says nothing.
   */
  startWatchdog(isWell: () => boolean): void {
    if (this.#address === null || this.#watchdogMs === 0) return;
    const tell = (): void => {
      if (isWell()) sendNotification(this.#address!, 'WATCHDOG=1');
    };
    tell();
    this.#watchdog = setInterval(tell, this.#watchdogMs / 2);
  }

  /** No word to the watchdog any more. */
  stop(): void {
    if (this.#watchdog !== null) clearInterval(this.#watchdog);
    this.#watchdog = null;
  }

  #say(...lines: string[]): void {
    if (this.#address === null) return;
    this.#waiting.push(lines.join('\n'));
    if (this.#waiting.length > WAITING_MAX) this.#waiting.shift();
    this.#flush();
  }

  /** In order: what comes later must not overtake what waits. */
  #flush(): void {
    if (this.#retry !== null) return;
    while (this.#waiting.length > 0) {
      if (sendNotification(this.#address!, this.#waiting[0]!) || this.#tries >= RETRIES_MAX) {
        this.#waiting.shift();
        this.#tries = 0;
        continue;
      }
      this.#tries += 1;
      this.#retry = setTimeout(() => {
        this.#retry = null;
        this.#flush();
      }, RETRY_MS);
      return;
    }
  }
}
