package org.globalsessions.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import org.globalsessions.Version;
import org.globalsessions.queue.OwnerDirectory;
import org.globalsessions.queue.QueueOwner;
import org.globalsessions.queue.QueueSettings;

/**
 * An application with planted keys and values, as a process of its own: does what it reads from its standard input, prints every
 * exception with its trace as applications do, and has all logs on.
 */
final class PlantedApplication {
    /** More than the host's segment holds, and more than the relay's. */
    static final int SESSIONS = 500;

    private static final SetOptions TO_RELAY = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);
    private static final String ABSENT = key(-1);

    private final SessionCacheManager cache;
    private final OwnerDirectory owners;

    private PlantedApplication(SessionCacheManager cache, OwnerDirectory owners) {
        this.cache = cache;
        this.owners = owners;
    }

    static String key(int i) {
        return "user-" + Markers.KEY + "-" + i;
    }

    static byte[] value(int i) {
        return ("cart-" + Markers.VALUE + "-" + i).repeat(4).getBytes(UTF_8);
    }

    /**
     * Runs until its standard input ends.
     *
     * @param args the client's configuration
     */
    public static void main(String[] args) throws IOException {
        Logger root = Logger.getLogger("");
        root.setLevel(Level.ALL);
        for (Handler handler : root.getHandlers()) {
            handler.setLevel(Level.ALL);
        }
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        SessionCacheManager cache = SessionCacheManager.open(Path.of(args[0]));
        OwnerDirectory owners = new OwnerDirectory(cache, QueueSettings.DEFAULTS.maxMessages(2));
        PlantedApplication application = new PlantedApplication(cache, owners);
        try (cache;
                owners) {
            for (String order = orders.readLine(); order != null; order = orders.readLine()) {
                application.follow(order);
                System.out.println("done " + order);
            }
        }
        tell("get after the end", () -> cache.get(ABSENT));
        tell("set after the end", () -> cache.set(ABSENT, value(0), TO_RELAY));
    }

    private void follow(String order) {
        switch (order) {
            case "work" -> work();
            case "store more" -> store(SESSIONS, 2 * SESSIONS);
            case "relay away" -> withoutRelay();
            default -> throw new IllegalArgumentException("no such order: " + order);
        }
    }

    private void store(int from, int to) {
        for (int i = from; i < to; i++) {
            String key = key(i);
            byte[] value = value(i);
            tell("set", () -> cache.set(key, value, TO_RELAY));
        }
    }

    private void work() {
        store(0, SESSIONS);
        for (int i = 0; i < SESSIONS; i += 10) {
            String key = key(i);
            tell("get", () -> cache.get(key));
        }
        tell("get of what is not there", () -> cache.get(ABSENT));
        tell("touch", () -> cache.touch(key(1)));
        tell("delete", () -> cache.delete(key(2), Acknowledgement.LOCAL));
        tell("delete", () -> cache.delete(key(3), Acknowledgement.RELAY));
        tell("delete", () -> cache.delete(key(4), Acknowledgement.RELIEF));
        tell("delete", () -> cache.delete(key(5), Acknowledgement.EVERYWHERE));
        saveOnConditions();
        refuse();
        useQueues();
        tell("hash", () -> {
            cache.hashSet(ABSENT, value(0));
            return cache.checkHash(ABSENT, value(1));
        });
        tell("arrival", () -> cache.whenArrives(key(-2), Duration.ofMillis(50)));
        tell(
                "a loader fails",
                () -> cache.get(key(-3), key -> {
                    throw new IllegalStateException("the loader of the application");
                }));
        tell(
                "evict",
                () -> CompletableFuture.completedFuture(
                        cache.evict(5) + cache.evictMapped(5).size()));
    }

    private void saveOnConditions() {
        for (Acknowledgement level : new Acknowledgement[] {Acknowledgement.LOCAL, Acknowledgement.RELAY}) {
            SetOptions options = SetOptions.DEFAULTS.acknowledgement(level);
            tell("save over a version that is there", () -> {
                Version there =
                        cache.getVersioned(key(8)).get(10, TimeUnit.SECONDS).version();
                return cache.set(key(8), value(8), options.expectedVersion(there));
            });
            Version old = new Version(1, 1);
            tell("save over another version", () -> cache.set(key(8), value(8), options.expectedVersion(old)));
            tell("save over nothing", () -> cache.set(key(2), value(2), options.expectedVersion(old)));
            tell("create what is there", () -> cache.set(key(8), value(8), options.expectedVersion(Version.NONE)));
        }
    }

    private void refuse() {
        byte[] large = new String(value(0), UTF_8).repeat(2_000).getBytes(UTF_8);
        for (Acknowledgement level : new Acknowledgement[] {Acknowledgement.LOCAL, Acknowledgement.RELAY}) {
            tell("too large", () -> cache.set(key(9), large, SetOptions.DEFAULTS.acknowledgement(level)));
        }
        tell("key too long", () -> cache.set(key(9).repeat(5_000), value(9), TO_RELAY));
        tell("key too long to ask for", () -> cache.get(key(9).repeat(5_000)));
        tell("half a character", () -> cache.set(key(9) + "\ud800", value(9), TO_RELAY));
        tell("time to live", () -> cache.set(key(9), value(9), TO_RELAY.ttl(Duration.ofDays(1_000))));
        tell("no value", () -> cache.set(key(9), null, TO_RELAY));
        tell("no room for the copy", () -> {
            cache.set(key(9), value(9));
            return CompletableFuture.completedFuture(cache.getLocal(key(9), new byte[2], 0));
        });
    }

    /** An owner, a name, messages and mementos that are planted too. */
    private void useQueues() {
        QueueOwner owner = owners.owner(key(-6));
        String name = key(-7);
        String text = new String(value(6), UTF_8);
        tell(
                "notify",
                () -> owner.transactAsync(t -> {
                    for (int i = 0; i < 4; i++) {
                        t.notify(text, name);
                    }
                    return t.names();
                }));
        tell("pull", () -> owner.pullToAcknowledge(name));
        tell("begin", () -> owner.transactAsync(t -> t.begin(name)));
        tell("begin and remember", () -> {
            String nonce = owner.transact(t -> t.begin(name)).nonce();
            return owner.transactAsync(t -> t.remember(name, nonce, text));
        });
        tell(
                "remember with another nonce",
                () -> owner.transactAsync(t -> {
                    if (!t.remember(name, Markers.SECRET, text)) {
                        throw new IllegalStateException("another one has begun");
                    }
                    return null;
                }));
        tell(
                "too long a message",
                () -> owner.transactAsync(t -> {
                    t.notify(text.repeat(1_000), name);
                    return null;
                }));
        tell("too long a name", () -> owner.pull(name.repeat(100)));
        tell("too long a name of an owner", () -> owners.owner(name.repeat(100)).pull(name));
        tell(
                "more than an entry holds",
                () -> owner.transactAsync(t -> {
                    t.state(text.repeat(5_000).getBytes(UTF_8));
                    return null;
                }));
    }

    private void withoutRelay() {
        tell("begin", () -> owners.owner(key(-6)).transactAsync(t -> t.begin(key(-7))));
        tell("get", () -> cache.get(key(-4)));
        tell("set", () -> cache.set(key(-5), value(5), TO_RELAY));
        tell("delete", () -> cache.delete(key(-5), Acknowledgement.RELAY));
        tell("delete", () -> cache.delete(key(-5), Acknowledgement.EVERYWHERE));
    }

    /** What became of it, as far as an application may tell: the result is a session's. */
    private static void tell(String what, Callable<CompletableFuture<?>> action) {
        try {
            Object result = action.call().get(10, TimeUnit.SECONDS);
            System.out.println(what + ": "
                    + (result == null ? "nothing" : result.getClass().getSimpleName()));
        } catch (Exception e) {
            System.err.println(what + ": " + e);
            e.printStackTrace();
        }
    }
}
