package org.globalsessions.transport.gateway;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.Deque;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** A client that asks for its messages from time to time, and waits for them. Event loop alone. */
final class PollLink implements ClientLink {
    /** A poll that waits. */
    interface Poll {
        /** Messages, each behind its length in UTF-16 units and a blank; empty where none came in time. */
        void answer(String messages, Runnable written);
    }

    private final EventLoop loop;
    private final Duration timeout;
    private final ServedClient client;
    private Poll waiting;
    private Future<?> end;

    PollLink(EventLoop loop, Duration timeout, ServedClient client) {
        this.loop = loop;
        this.timeout = timeout;
        this.client = client;
    }

    /** A poll has come: one that waits already has nothing more to wait for. */
    void park(Poll poll) {
        answer("");
        waiting = poll;
        end = loop.schedule(() -> answer(""), timeout.toMillis(), TimeUnit.MILLISECONDS);
        client.drain();
    }

    /** Its connection is gone. */
    void leave(Poll poll) {
        if (waiting == poll) {
            waiting = null;
            end.cancel(false);
        }
    }

    @Override
    public void drain(Deque<Outgoing> messages) {
        if (waiting == null) {
            return;
        }
        StringBuilder all = new StringBuilder();
        while (!messages.isEmpty()) {
            append(all, messages.poll());
        }
        answer(all.toString());
    }

    private static void append(StringBuilder all, Outgoing message) {
        all.append(message.text().length()).append(' ').append(message.text());
    }

    private void answer(String messages) {
        Poll poll = waiting;
        if (poll != null) {
            waiting = null;
            end.cancel(false);
            poll.answer(messages, client::written);
        }
    }

    @Override
    public void close(Outgoing last) {
        StringBuilder all = new StringBuilder();
        if (last != null) {
            append(all, last);
        }
        answer(all.toString());
    }
}
