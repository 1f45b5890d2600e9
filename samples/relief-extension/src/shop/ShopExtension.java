package shop;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.globalsessions.relief.extension.Departure;
import org.globalsessions.relief.extension.ReliefCommand;
import org.globalsessions.relief.extension.ReliefExtension;
import org.globalsessions.relief.extension.ReliefSession;

/** Counts the sessions of signed-in users, whose values begin with {@code user=}, that the node was given since it has started. */
public final class ShopExtension implements ReliefExtension {
    // Told on one thread, read by commands on another one.
    private final AtomicInteger signedIn = new AtomicInteger();
    private final AtomicLong lost = new AtomicLong();

    @Override
    public String name() {
        return "shop";
    }

    @Override
    public void onStored(ReliefSession session) {
        if (isSignedIn(session)) {
            signedIn.incrementAndGet();
        }
    }

    @Override
    public void onGone(ReliefSession session, Departure why) {
        if (isSignedIn(session) && why == Departure.EVICTED) {
            lost.incrementAndGet();
        }
    }

    private static boolean isSignedIn(ReliefSession session) {
        byte[] value = session.value();
        return value.length >= 5 && new String(value, 0, 5, java.nio.charset.StandardCharsets.UTF_8).equals("user=");
    }

    @Override
    public Map<String, ReliefCommand> commands() {
        return Map.of("signed-in", this::report);
    }

    private List<String> report(List<String> arguments) {
        if (!arguments.isEmpty() && !arguments.equals(List.of("reset"))) {
            return List.of("usage: signed-in [reset]");
        }
        List<String> lines = List.of("stored " + signedIn.get(), "evicted " + lost.get());
        if (!arguments.isEmpty()) {
            signedIn.set(0);
            lost.set(0);
        }
        return lines;
    }
}
