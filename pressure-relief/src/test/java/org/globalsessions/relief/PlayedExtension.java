package org.globalsessions.relief;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.globalsessions.relief.extension.Departure;
import org.globalsessions.relief.extension.ReliefCommand;
import org.globalsessions.relief.extension.ReliefExtension;
import org.globalsessions.relief.extension.ReliefSession;

/** Writes down what it is told, and has commands that do all that a node has to stand. Public, as services are. */
public final class PlayedExtension implements ReliefExtension {
    private static final int FAR_TOO_MANY = 100_000;

    final List<String> told = new CopyOnWriteArrayList<>();
    final CountDownLatch released = new CountDownLatch(1);
    final CountDownLatch hanging = new CountDownLatch(1);
    final CountDownLatch closed = new CountDownLatch(1);

    @Override
    public String name() {
        return "played";
    }

    @Override
    public void onStored(ReliefSession session) {
        if (session.key().equals("hang")) {
            hanging.countDown();
            awaitRelease();
        }
        if (session.key().equals("throw")) {
            throw new IllegalStateException(session.key());
        }
        told.add("stored " + session.key() + " " + session.value().length);
    }

    @Override
    public void onGone(ReliefSession session, Departure why) {
        told.add(why + " " + session.key());
    }

    @Override
    public Map<String, ReliefCommand> commands() {
        return Map.of(
                "echo", arguments -> arguments,
                "throw",
                        arguments -> {
                            throw new IllegalStateException(arguments.get(0));
                        },
                "overflow",
                        arguments -> {
                            throw new StackOverflowError();
                        },
                "hang",
                        arguments -> {
                            hanging.countDown();
                            awaitRelease();
                            return List.of("released");
                        },
                "nothing", arguments -> null,
                "many", arguments -> java.util.Collections.nCopies(FAR_TOO_MANY, "x"),
                "long", arguments -> List.of("\u00e9".repeat(1000)));
    }

    /** Heeds no interrupt, as code may. */
    private void awaitRelease() {
        boolean isReleased = false;
        while (!isReleased) {
            try {
                released.await();
                isReleased = true;
            } catch (InterruptedException e) {
                // On it waits.
            }
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
