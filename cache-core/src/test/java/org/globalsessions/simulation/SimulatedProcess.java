package org.globalsessions.simulation;

import java.util.concurrent.TimeUnit;

/**
 * A process whose threads take turns in virtual time. It may be stopped, and goes on later with all that it had to do, or be killed, which
 * ends everything of it at once.
 */
public final class SimulatedProcess {
    private static final long MICRO = 1_000;

    private final VirtualTime time;
    private final String name;
    private boolean alive = true;
    private long stoppedUntilNs;
    private long loopFreeNs;
    private Runnable clock = () -> {};
    private Runnable worker = () -> {};
    private long idlePauseNs = TimeUnit.MILLISECONDS.toNanos(100);
    private boolean workQueued;
    private long workNumber;

    /**
     * A process that does nothing yet.
     *
     * @param time its time
     * @param name for messages
     */
    public SimulatedProcess(VirtualTime time, String name) {
        this.time = time;
        this.name = name;
    }

    /**
     * What its own threads do without being asked.
     *
     * @param ticker  called before anything else happens in the process
     * @param work    one bounded piece of its threads' work; called soon after anything has happened in the process, else in each pause
     * @param pauseNs longest pause
     */
    public void threads(Runnable ticker, Runnable work, long pauseNs) {
        clock = ticker;
        worker = work;
        idlePauseNs = pauseNs;
        workSoon();
    }

    /** Its time. */
    public VirtualTime time() {
        return time;
    }

    /** False once killed. */
    public boolean isAlive() {
        return alive;
    }

    /** Runs a task in this process, in the order of the calls, as a thread with a queue does. */
    public void execute(Runnable task) {
        loopFreeNs = Math.max(loopFreeNs, time.nowNs() + time.between(MICRO, 20 * MICRO));
        time.after(loopFreeNs - time.nowNs(), () -> run(task));
    }

    /** Runs a task in this process in no order, as a pool of threads does. */
    public void executeAnyhow(Runnable task) {
        boolean slow = time.random().nextInt(20) == 0;
        time.after(time.between(MICRO, slow ? 20_000 * MICRO : 50 * MICRO), () -> run(task));
    }

    /** Runs a task in this process later. */
    public void schedule(Runnable task, long delayNs) {
        time.after(delayNs, () -> run(task));
    }

    /** What happens in this process: now, after it goes on where it is stopped, never where it was killed. */
    public void run(Runnable task) {
        if (!alive) {
            return;
        }
        if (stoppedUntilNs > time.nowNs()) {
            time.after(stoppedUntilNs - time.nowNs(), () -> run(task));
            return;
        }
        clock.run();
        task.run();
        workSoon();
    }

    private void workSoon() {
        if (!workQueued) {
            workQueued = true;
            time.after(time.untilACoreIsFree(), () -> {
                workQueued = false;
                work();
            });
        }
    }

    private void work() {
        if (!alive) {
            return;
        }
        if (stoppedUntilNs > time.nowNs()) {
            time.after(stoppedUntilNs - time.nowNs(), this::workSoon);
            return;
        }
        workNumber++;
        long number = workNumber;
        clock.run();
        worker.run();
        time.after(idlePauseNs / 2 + time.between(0, idlePauseNs / 2), () -> {
            // Only where nothing else has been done since.
            if (number == workNumber) {
                work();
            }
        });
    }

    /** Stops the process for a while, with all its threads; one that is stopped already for that long at least. */
    public void stop(long lengthNs) {
        stoppedUntilNs = Math.max(stoppedUntilNs, time.nowNs() + lengthNs);
    }

    /** Kills the process. */
    public void kill() {
        alive = false;
    }

    @Override
    public String toString() {
        return name;
    }
}
