/**
 * The control plane as a whole: it owns the listening sockets, the meters, the health checks, the
 * workers and the guardian, and changes all of them together when a new plan comes.
 * Nothing that a client waits for passes through here. When this process dies the workers go on
 * with what they last knew.
 */
import { resolve } from 'node:path';
import type { Plan } from '../config/plan.ts';
import { BallastError } from '../base/errors.ts';
import { acmeFiles } from './acme/acme-files.ts';
import { AcmeManager } from './acme/acme-manager.ts';
import { ApiState } from './admin/api-state.ts';
import { DRAIN_EVENT, workerEvent } from './admin/own-events.ts';
import { AdminSlot } from './admin-slot.ts';
import { Certificates, type StoreChange } from './certificates/certificates.ts';
import { allSections } from './handover/all-sections.ts';
import type { Heir } from './handover/heir.ts';
import { Succession } from './handover/succession.ts';
import { Floating } from './guardian/floating.ts';
import { HealthBoard } from './health-board.ts';
import { configControl } from './history/config-control.ts';
import { ConfigHistory } from './history/config-history.ts';
import { DiskFile } from './history/disk-file.ts';
import type { ConfigCause } from './history/history-entry.ts';
import { Listeners, socketKeys } from './listeners.ts';
import { LogSink } from './log-sink.ts';
import { MetersReader } from './meters-reader.ts';
import { metricsText } from './metrics.ts';
import { Names } from './names/names.ts';
import { drainingError, PlanInForce } from './plan-in-force.ts';
import { serverChanges } from './names/server-changes.ts';
import type { ProductLog } from './product-log.ts';
import { accessLogFault } from './log-fault.ts';
import { makeReloader } from './make-reloader.ts';
import type { Reloader } from './reload.ts';
import type { LoadedRequest, ReloadReport } from './reload.ts';
import { Segments } from './segments.ts';
import { Serial } from './serial.ts';
import { SlotTable } from './slots.ts';
import { serverControl } from './server-states/server-control.ts';
import { orAllFaults } from './start-faults.ts';
import { buildStatus } from './status.ts';
import type { SupervisorOptions } from './supervisor-options.ts';
import { useActivated } from './systemd/activation.ts';
import type { ControlView } from './control-view.ts';
import { Orphans } from './orphans.ts';
import { WorkerFleet } from './worker-fleet.ts';
import { isAnyWell } from './workers-well.ts';

type Recorded = Pick<LoadedRequest, 'plan' | 'source' | 'cause' | 'note'>;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #log: ProductLog;
  readonly #segments = new Segments();
  readonly #slots = new SlotTable((slot) => this.#segments.clearSlot(slot));
  readonly #meters = new MetersReader(this.#segments);
  readonly #listeners = new Listeners();
  readonly #sink: LogSink;
  readonly #health: HealthBoard;
  readonly #fleet: WorkerFleet;
  readonly #floating: Floating;
  readonly #reloader: Reloader;
  readonly #view: ControlView;
  readonly #api: ApiState;
  readonly #inForce: PlanInForce;
  readonly #history: ConfigHistory;
  readonly #names: Names;
  readonly certificates: Certificates;
  readonly #acme: AcmeManager;
  readonly succession: Succession;
  readonly #admin: AdminSlot;
  /** Reloads and changes of addresses, one at a time. */
  readonly #changes = new Serial();
  /** As the file has it; that in force has the servers of names beside. */
  #filePlan: Plan | null = null;
  readonly #startedAt = Date.now();
  /** Whether the first plan is in force in all workers. */
  #hasStarted = false;
  #isDraining = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#admin = new AdminSlot(() => this.#view, options.log);
    this.#sink = new LogSink(options.standard, accessLogFault(this.#log));
    this.#health = new HealthBoard({
      log: this.#log,
      onChange: (changed) => {
        this.#fleet.tellHealth(changed);
        this.#floating.healthChanged();
      },
    });
    this.#fleet = new WorkerFleet({
      entry: options.workerEntry,
      segments: this.#segments,
      log: this.#log,
      slotUses: () => this.#slots.uses(),
      onLogStream: (fd) => this.#sink.attach(fd),
      onPassive: (told) => this.#health.takePassive(told),
      onWorker: (...told) => this.#workerChanged(...told),
    });
    this.#floating = new Floating({
      log: this.#log,
      segments: this.#segments,
      health: () => this.#health.frames(),
      onEvent: (event) => this.#health.events.book.add(event),
    });
    this.#inForce = new PlanInForce({
      log: this.#log,
      listeners: this.#listeners,
      slots: this.#slots,
      sink: this.#sink,
      health: this.#health,
      fleet: this.#fleet,
      admin: this.#admin,
      floating: this.#floating,
      store: () => this.certificates.store,
    });
    this.#names = new Names({
      log: this.#log,
      apply: () => this.#changes.run(() => this.#renewNames()),
    });
    this.#history = new ConfigHistory(options.log);
    this.certificates = new Certificates({
      log: this.#log,
      acmeFiles,
      workers: this.#fleet,
      plan: () => this.#filePlan,
      alone: (job) => this.#changes.run(job),
    });
    this.#acme = new AcmeManager({
      log: this.#log,
      productVersion: options.productVersion,
      tell: (challenges) => this.#fleet.tellStanding(challenges),
      told: (limitMs) => this.#fleet.told(limitMs),
      onEvent: (event) => this.#health.events.book.add(event),
      onObtained: () => void this.certificates.refresh(),
    });
    this.#reloader = this.#makeReloader();
    this.#api = new ApiState({
      plan: () => this.#inForce.plan,
      meters: this.#meters,
      health: this.#health,
      startedAt: this.#startedAt,
      end: options.end,
    });
    this.succession = this.#makeSuccession(options.handover);
    this.#view = this.#makeView();
  }

  /**
   * Opens everything, starts the workers and resolves with the plan in force, real ports filled in,
   * when every worker serves. With an heir it takes over from another process, step by step. Throws
   * BallastError and leaves nothing behind, but for workers that have clients already.
   */
  async start(plan: Plan, source: string, heir: Heir | null = null): Promise<Plan> {
    const takeOver = heir === null ? null : await this.succession.inherit(heir, plan);
    const orphans = heir === null ? await Orphans.find(socketKeys(plan)) : new Orphans();
    this.#listeners.adopt(orphans.sockets);
    useActivated(this.#options.activated, { plan, listeners: this.#listeners, log: this.#log });
    try {
      const material = await this.certificates.prepare(plan);
      await this.#names.begin(plan);
      const change = await orAllFaults(this.#listeners.prepare(this.#names.expand(plan)), [
        async () => this.#sink.discard(this.#sink.open(plan.log.access)),
        async () => (await this.#admin.open(plan))?.close(),
      ]);
      this.#filePlan = plan;
      await this.#acme.prepare(plan);
      const numbered = await this.#inForce.begin(change, material, takeOver);
      this.#hasStarted = true;
      this.#record({ plan, source, cause: 'start', note: '' });
      await this.#history.saved();
      this.#names.refresh();
      this.#api.start();
      this.certificates.watch();
      void this.#acme.use(plan);
      orphans.drain(plan.drainMs, this.#log);
      return numbered;
    } catch (error) {
      if (heir?.hasOpened === true) throw error;
      this.killAll();
      if (orphans.count > 0 || heir !== null) this.#listeners.letGo();
      orphans.leave();
      await this.#close();
      throw error;
    }
  }

  get isWell(): boolean {
    return this.#isDraining || isAnyWell(this.#fleet);
  }

  get drainMs(): number {
    return this.#inForce.plan?.drainMs ?? 0;
  }

  get adminAddress(): string | null {
    return this.#admin.address;
  }

  reload(cause: ConfigCause = 'reload'): Promise<ReloadReport> {
    return this.#reloader.request(cause);
  }

  /** Opens the access log file anew, after it was renamed. */
  reopenLogs(): void {
    try {
      this.#sink.reopen();
      this.#log.info('access log opened anew');
    } catch (error) {
      this.#log.error(`cannot open the access log anew: ${(error as Error).message}`);
    }
  }

  /** Refuses new connections, lets the present ones finish for up to the drain time, and ends. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#inForce.end();
    this.#health.events.book.add(DRAIN_EVENT);
    // Another node serves new clients before this one refuses them.
    await this.#floating.stop();
    // First, so that no worker is given a socket that is closed.
    const drained = [this.#fleet, this.#floating].map((one) => one.drain(this.drainMs));
    this.#listeners.close();
    await this.#acme.stop();
    await Promise.all(drained);
    await this.#close();
  }

  /** Ends all workers at once. Waits for nothing, so that it can run while the process exits. */
  killAll(): void {
    for (const part of [this.#floating, this.#fleet]) part.killAll();
  }

  #workerChanged(index: number, isThere: boolean, why: string): void {
    this.#floating.setWorker(index, isThere);
    this.#health.events.book.add(workerEvent(index, isThere, why));
  }

  async #close(): Promise<void> {
    this.#api.stop();
    this.#names.stop();
    await this.#acme.stop();
    this.certificates.stop();
    this.#health.stop();
    this.#listeners.close();
    await this.#floating.end();
    await this.#admin.close();
    await this.#sink.end();
  }

  /** Puts a configuration in force; whether it means anything else than the one before. */
  async #change(loaded: LoadedRequest): Promise<boolean> {
    this.#checkCanReload();
    const { plan, expect } = loaded;
    this.#history.checkExpected(expect);
    const before = this.#filePlan!;
    const material = await this.certificates.prepare(plan);
    const isOther = plan.digest !== before.digest;
    if (isOther) await this.#changeTo(plan, before, material);
    else await this.certificates.use(material);
    this.#record(loaded);
    void this.#acme.use(plan, true);
    return isOther || material.isNew;
  }

  async #changeTo(plan: Plan, before: Plan, material: StoreChange): Promise<void> {
    try {
      await this.#names.prepare(before, plan);
      await this.#inForce.change(this.#names.expand(plan), material);
      this.#filePlan = plan;
    } catch (error) {
      material.rollback();
      throw error;
    } finally {
      this.#names.settle(this.#filePlan!);
    }
  }

  #record({ plan, source, cause, note }: Recorded): void {
    const applied = { planDigest: plan.digest, text: source, cause, note };
    this.#history.record(applied, plan.stateFolder);
  }

  /** Puts the servers that names stand for now in force; whether all is well with them then. */
  async #renewNames(): Promise<boolean> {
    if (!this.#hasStarted || this.#isDraining) return true;
    const before = this.#inForce.plan!;
    const plan = this.#names.expand(this.#filePlan!);
    if (plan.digest === before.digest) return true;
    try {
      const version = await this.#inForce.change(plan);
      this.#log.info({ version, ...serverChanges(before, plan) }, 'servers by name have changed');
      return true;
    } catch (error) {
      const { message } = error as Error;
      this.#log.error(`servers by name cannot be changed: ${message}: tried again soon`);
      return false;
    }
  }

  #checkCanReload(): void {
    if (this.#isDraining) throw drainingError();
    if (this.#hasStarted) return;
    throw new BallastError('BAL_RELOAD_STARTING', 'the balancer has not started yet');
  }

  #makeReloader(): Reloader {
    return makeReloader({
      options: this.#options,
      log: this.#log,
      events: this.#health.events.book,
      history: this.#history,
      inForce: this.#inForce,
      apply: (loaded) => this.#changes.run(() => this.#change(loaded)),
    });
  }

  #makeSuccession(handover: SupervisorOptions['handover']): Succession {
    return new Succession({
      ...handover,
      log: this.#log,
      version: this.#options.productVersion,
      listeners: this.#listeners,
      fleet: this.#fleet,
      sections: allSections({
        health: this.#health,
        names: this.#names,
        segments: this.#segments,
        ticketKeys: this.certificates.ticketKeys,
        floating: this.#floating,
        plan: () => this.#inForce.plan!,
      }),
      exclusive: (job) => this.#changes.run(job),
      state: () => (this.#isDraining ? 'draining' : this.#hasStarted ? 'serving' : 'starting'),
      plan: () => this.#filePlan!,
      sockets: () => this.#inForce.sockets,
      admin: () => this.#admin.server,
      stop: () => this.#stopWriting(),
      close: () => this.#close(),
    });
  }

  /** Another process is in charge, and keeps what is to be kept. */
  #stopWriting(): void {
    this.#isDraining = true;
    this.#inForce.end();
    this.#names.stop();
    this.certificates.stop();
    void this.#acme.stop();
    void this.#floating.leave();
  }

  #makeView(): ControlView {
    const meters = this.#meters;
    const config = configControl({
      history: this.#history,
      reloader: this.#reloader,
      disk: new DiskFile(resolve(this.#options.file)),
      load: this.#options.load,
      plan: () => this.#filePlan,
    });
    const parts = () => ({
      productVersion: this.#options.productVersion,
      startedAt: this.#startedAt,
      plan: this.#inForce.plan!,
      isDraining: this.#isDraining,
      meters,
      fleet: this.#fleet,
      health: this.#health,
      names: this.#names.board,
      floating: this.#floating,
      succession: this.succession,
      certificates: this.certificates,
      acme: this.#acme,
      reloader: this.#reloader,
      configuration: config.status(),
      logLinesLost: this.#sink.linesLost,
    });
    return {
      isReady: () => this.#hasStarted && !this.#isDraining,
      status: () => buildStatus(parts()),
      metrics: () => metricsText(parts()),
      reload: () => this.reload(),
      config,
      upgrader: this.succession.upgrader,
      certificates: this.certificates,
      floating: this.#floating,
      servers: serverControl({
        plan: () => this.#inForce.plan,
        board: this.#health,
        counts: { meters, kernel: this.#floating.kernel },
        told: (limitMs) => this.#fleet.told(limitMs),
      }),
      api: this.#api.view(parts),
    };
  }
}
