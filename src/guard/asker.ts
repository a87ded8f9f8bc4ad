/**
 * Asks one question at a time: who answers for these addresses, and who else is there? By ARP and
 * neighbour probes that say nothing of us, and by connections to what the addresses should serve.
 */
import { arpProbe } from '../codec/arp.ts';
import { equalBytes } from '../codec/mac.ts';
import { neighbourProbe } from '../codec/neighbour.ts';
import type { Timer } from '../base/timer-heap.ts';
import type { DataPathTarget } from '../config/plan-addresses.ts';
import type { Answer } from '../machine/vrrp/words.ts';
import type { Claim, NeighbourPort } from './neighbour-port.ts';
import type { Reactor } from './reactor.ts';
import { ServiceProbe } from './service-probe.ts';

/** Probes of each question, spread over its time: one may be lost. */
const TRIES = 3;
/** Addresses asked for: they move together, so that a few speak for all. */
const ADDRESSES_MAX = 2;

export type Question = {
  readonly number: number;
  readonly withinMs: number;
  readonly addresses: readonly Uint8Array[];
  readonly witnesses: readonly Uint8Array[];
  readonly peers: readonly Uint8Array[];
  /** What is connected to at the addresses; empty where this node has them itself. */
  readonly services: readonly DataPathTarget[];
};

export class Asker {
  readonly #reactor: Reactor;
  readonly #port: NeighbourPort;
  readonly #onAnswer: (answer: Answer) => void;
  #open: OpenQuestion | null = null;

  constructor(reactor: Reactor, port: NeighbourPort, onAnswer: (answer: Answer) => void) {
    this.#reactor = reactor;
    this.#port = port;
    this.#onAnswer = onAnswer;
  }

  /** Puts a question; one that is open is forgotten. */
  ask(question: Question): void {
    this.stop();
    this.#open = new OpenQuestion(this.#reactor, this.#port, question, (answer) => {
      this.stop();
      this.#onAnswer(answer);
    });
  }

  stop(): void {
    this.#open?.close();
    this.#open = null;
  }
}

class OpenQuestion {
  readonly #reactor: Reactor;
  readonly #port: NeighbourPort;
  readonly #question: Question;
  readonly #onAnswer: (answer: Answer) => void;
  readonly #timers: Timer[] = [];
  readonly #hear = (claim: Claim): void => this.#heard(claim);
  readonly #addresses: readonly Uint8Array[];
  #probe: ServiceProbe | null = null;
  #owner: Answer['owner'] = 'silent';
  #service: Answer['service'] = 'unknown';
  #witnesses: Answer['witnesses'];
  #peers: Answer['peers'];

  constructor(
    reactor: Reactor,
    port: NeighbourPort,
    question: Question,
    onAnswer: (answer: Answer) => void,
  ) {
    this.#reactor = reactor;
    this.#port = port;
    this.#question = question;
    this.#onAnswer = onAnswer;
    this.#addresses = question.addresses.slice(0, ADDRESSES_MAX);
    this.#witnesses = question.witnesses.length === 0 ? 'none' : 'silent';
    this.#peers = question.peers.length === 0 ? 'none' : 'silent';
    port.hear(this.#hear);
    for (let i = 0; i < TRIES; i++) {
      if (i === 0) this.#send();
      else this.#later((i * question.withinMs) / TRIES, () => this.#send());
    }
    this.#later(question.withinMs, () => this.#end());
  }

  close(): void {
    this.#port.unhear(this.#hear);
    for (const timer of this.#timers) this.#reactor.cancel(timer);
    this.#probe?.close();
    this.#probe = null;
  }

  #later(afterMs: number, run: () => void): void {
    this.#timers.push(this.#reactor.after(afterMs, run));
  }

  #send(): void {
    const { mac } = this.#port;
    const { witnesses, peers } = this.#question;
    for (const ip of [...this.#addresses, ...witnesses, ...peers]) {
      this.#port.send(ip.length === 4 ? arpProbe(mac, ip) : neighbourProbe(mac, ip));
    }
  }

  #heard({ ip }: Claim): void {
    const isOne = (list: readonly Uint8Array[]): boolean => list.some((own) => equalBytes(own, ip));
    if (isOne(this.#question.witnesses)) this.#witnesses = 'answered';
    if (isOne(this.#question.peers)) this.#peers = 'answered';
    if (this.#owner !== 'silent' || !isOne(this.#addresses)) return;
    this.#owner = 'answered';
    const { services, withinMs } = this.#question;
    if (services.length === 0) {
      this.#end();
      return;
    }
    this.#probe = new ServiceProbe(this.#reactor, services, withinMs, (outcome) => {
      this.#service = outcome;
      this.#end();
    });
  }

  #end(): void {
    const { number } = this.#question;
    // A connection that is still under way when the time is up has met silence.
    const isWaiting = this.#probe !== null && this.#service === 'unknown';
    this.#onAnswer({
      question: number,
      owner: this.#owner,
      service: isWaiting ? 'silent' : this.#service,
      witnesses: this.#witnesses,
      peers: this.#peers,
    });
  }
}
