package org.globalsessions;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.globalsessions.status.Counter;
import org.globalsessions.status.Counters;
import org.globalsessions.status.DistinctErrors;
import org.junit.jupiter.api.Test;

/** An executor that fails costs the teller nothing and ends no later notification. */
class NotifierTest {
    private final Counters counters = new Counters(ByteBuffer.allocateDirect(512), 0);
    private final DistinctErrors errors = new DistinctErrors(ByteBuffer.allocateDirect(1024), () -> 1);
    private final Failures failures = new Failures(counters, errors);
    private final List<String> told = new ArrayList<>();
    private boolean broken;

    private Notifier notifier(Executor executor) {
        Notifier notifier = new Notifier(executor, counters, failures);
        notifier.add(new SessionListener() {
            @Override
            public void onDeletion(String key) {
                told.add(key);
            }
        });
        return notifier;
    }

    private void runUnlessBroken(Runnable task) {
        if (broken) {
            throw new InternalError("unable to create native thread");
        }
        Thread thread = new Thread(task);
        thread.start();
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void shouldTellWhatWaitsInOrderWhenTheExecutorWorksAgain() {
        Notifier notifier = notifier(this::runUnlessBroken);
        broken = true;
        notifier.tell(listener -> listener.onDeletion("a"));
        notifier.tell(listener -> listener.onDeletion("b"));
        assertThat(counters.get(Counter.ERRORS)).isEqualTo(2);
        broken = false;
        notifier.tell(listener -> listener.onDeletion("c"));
        assertThat(told).containsExactly("a", "b", "c");
    }

    @Test
    void shouldTellWhatWaitsWhenTheQueueWasFullBeforeTheExecutorWorkedAgain() {
        Notifier notifier = notifier(this::runUnlessBroken);
        broken = true;
        for (int i = 0; i < Notifier.CAPACITY; i++) {
            notifier.tell(listener -> listener.onDeletion("a"));
        }
        broken = false;
        notifier.tell(listener -> listener.onDeletion("dropped"));
        assertThat(counters.get(Counter.NOTIFICATIONS_DROPPED)).isEqualTo(1);
        assertThat(told).hasSize(Notifier.CAPACITY).doesNotContain("dropped");
    }

    @Test
    void shouldNotRunListenersOnTheTellersThreadWhenTheExecutorWould() throws InterruptedException {
        LinkedBlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
        Notifier notifier = new Notifier(Runnable::run, counters, failures);
        notifier.add(new SessionListener() {
            @Override
            public void onDeletion(String key) {
                threads.add(Thread.currentThread());
            }
        });
        for (int i = 0; i < 3; i++) {
            notifier.tell(listener -> listener.onDeletion("a"));
        }
        for (int i = 0; i < 3; i++) {
            assertThat(threads.poll(10, TimeUnit.SECONDS)).isNotNull().isNotSameAs(Thread.currentThread());
        }
    }
}
