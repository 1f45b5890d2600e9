package org.globalsessions.transport;

import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;

/** A clock that a test moves, and what runs by it. */
public final class ManualScheduler implements Scheduler {
    private record Task(long atNs, long number, Runnable task) {}

    private final PriorityQueue<Task> tasks =
            new PriorityQueue<>(Comparator.comparingLong(Task::atNs).thenComparingLong(Task::number));

    private long nowNs;
    private long number;

    /** Lets time pass, and runs what is due on the way. */
    public void pass(Duration time) {
        long endNs = nowNs + time.toNanos();
        while (!tasks.isEmpty() && tasks.peek().atNs() <= endNs) {
            Task next = tasks.remove();
            nowNs = Math.max(nowNs, next.atNs());
            next.task().run();
        }
        nowNs = endNs;
    }

    @Override
    public void execute(Runnable task) {
        schedule(task, Duration.ZERO);
    }

    @Override
    public Scheduled schedule(Runnable task, Duration delay) {
        number++;
        Task scheduled = new Task(nowNs + delay.toNanos(), number, task);
        tasks.add(scheduled);
        return () -> tasks.remove(scheduled);
    }

    @Override
    public long nanoTime() {
        return nowNs;
    }
}
