package org.globalsessions.queue;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.globalsessions.queue.MessageQueue.Message;
import org.globalsessions.queue.OwnerState.Named;

/**
 * What a transaction does to its owner. Reads see what was committed before it. Changes take effect together, in the order of the calls, when the
 * function has returned and the owner's entry is replaced; where it throws none does. For the thread that runs the function, until it returns.
 *
 * <p>Names are those that clients use for their sessions with the owner, each with a queue. {@value #DEFAULT_NAME} is that of a client which uses only one.
 */
public final class OwnerTransaction {
    /** The name of a client that uses only one. */
    public static final String DEFAULT_NAME = "default";

    /** Longest name, in bytes of UTF-8. */
    public static final int MAX_NAME_BYTES = 255;

    /** Longest message, in bytes of UTF-8. */
    public static final int MAX_MESSAGE_BYTES = 16_384;

    /** Longest memento, in bytes of UTF-8. */
    public static final int MAX_MEMENTO_BYTES = 16_384;

    private static final int NONCE_BYTES = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final OwnerState committed;
    private final OwnerRules rules;
    private final List<Consumer<OwnerState>> changes = new ArrayList<>();

    /** Names whose session this transaction has begun: no nonce that was committed counts any more. */
    private final Set<String> begun = new HashSet<>();

    /** Names whose session this transaction has ended. */
    private final Set<String> ended = new HashSet<>();

    /** What this transaction has remembered. */
    private final Map<String, String> remembered = new HashMap<>();

    private boolean relies;
    private boolean over;

    OwnerTransaction(OwnerState committed, OwnerRules rules) {
        this.committed = committed;
        this.rules = rules;
    }

    /** Ends it; from now on no call changes anything. */
    void over() {
        over = true;
    }

    boolean hasChanges() {
        return !changes.isEmpty();
    }

    /** Whether an answer was given that another state of the owner would have made another one, though nothing is changed. */
    boolean relies() {
        return relies;
    }

    void apply(OwnerState state) {
        changes.forEach(change -> change.accept(state));
    }

    /**
     * Which names there are.
     *
     * @return the names, in the order in which they came
     */
    public List<String> names() {
        return committed.all().stream().map(named -> named.name).toList();
    }

    /** Whether a name is there, or may come without driving another one out that is still used. */
    boolean hasRoomFor(String name) {
        return rules.hasRoomFor(committed, checked(name));
    }

    /**
     * Which messages wait under a name.
     *
     * @param name the name
     * @return the messages, the first to be pulled first; empty where the name is unknown. It does not change any more
     */
    public List<String> queue(String name) {
        Named named = committed.find(checked(name));
        return named == null
                ? List.of()
                : named.messages().all().stream()
                        .map(message -> new String(message.text(), UTF_8))
                        .toList();
    }

    /**
     * How many messages were dropped under a name, as more came than may wait.
     *
     * @param name the name
     * @return the count since the name came; 0 where it is unknown
     */
    public long dropped(String name) {
        Named named = committed.find(checked(name));
        return named == null ? 0 : named.dropped;
    }

    /**
     * What the application keeps with the owner.
     *
     * @return a copy; null for nothing
     */
    public byte[] state() {
        return committed.application() == null ? null : committed.application().clone();
    }

    /**
     * Keeps something else with the owner. All that is kept of an owner has to fit one entry of the table ({@code max_value_size}).
     *
     * @param value the bytes, copied; null for nothing
     */
    public void state(byte[] value) {
        byte[] copy = value == null ? null : value.clone();
        change(state -> state.application(copy));
    }

    /**
     * A client uses a name, which is there from now on. Where there are more names than {@code max_sessions} then, those go whose messages nobody
     * fetches, longest queue first and of equal ones the newest; none that was begun, has a memento or a limit of its own, or was pulled just now.
     *
     * @param name 1 to {@value #MAX_NAME_BYTES} bytes
     */
    public void use(String name) {
        checked(name);
        change(state -> rules.use(state, name));
    }

    /**
     * Has a message wait under a name, behind those that do; the name is there from then on.
     *
     * @param message at most {@value #MAX_MESSAGE_BYTES} bytes; mostly JSON; may be empty
     * @param name    the name
     */
    public void notify(String message, String name) {
        checked(name);
        byte[] bytes = bytes("message", message, MAX_MESSAGE_BYTES);
        change(state -> rules.add(state, name, bytes));
    }

    /**
     * As {@link #notify(String, String)}, with a message that is made of name and message.
     *
     * @param message    what the customizer is given
     * @param name       the name
     * @param customizer makes the name's message
     */
    public void notify(String message, String name, BinaryOperator<String> customizer) {
        notify(customizer.apply(checked(name), message), name);
    }

    /**
     * Has a message wait under every name there is that has a pattern anywhere.
     *
     * @param message as above
     * @param pattern which names
     * @throws IllegalArgumentException where the pattern takes too long; nothing is sent then
     */
    public void notify(String message, Pattern pattern) {
        notify(message, pattern, (name, same) -> same);
    }

    /**
     * As {@link #notify(String, Pattern)}, with a message for each name.
     *
     * @param message    what the customizer is given
     * @param pattern    which names
     * @param customizer makes a name's message of name and message
     * @throws IllegalArgumentException where the pattern takes too long; nothing is sent then
     */
    public void notify(String message, Pattern pattern, BinaryOperator<String> customizer) {
        BoundedMatch match = new BoundedMatch(pattern);
        List<String> matching = names().stream().filter(match::isIn).toList();
        matching.forEach(name -> notify(message, name, customizer));
    }

    /**
     * Gives a name a limit of its own, now and for what comes: the oldest messages beyond it are dropped, and counted. Such a name never goes for want of
     * use.
     *
     * @param limit most messages that may wait; 0 or less for any number
     * @param name  the name, which is there from then on
     */
    public void limit(int limit, String name) {
        checked(name);
        change(state -> rules.limit(state, name, limit));
    }

    /**
     * Begins a session under a name, or goes on with it: who had begun it before counts no more.
     *
     * @param name the name, which is there from then on
     * @return what its client has to show, once this transaction is committed; and what was last remembered, where the session was not ended
     */
    public Begun begin(String name) {
        Named named = committed.find(checked(name));
        String memento = named == null || ended.contains(name) ? null : named.memento;
        byte[] bytes = new byte[NONCE_BYTES];
        RANDOM.nextBytes(bytes);
        String nonce = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        change(state -> rules.use(state, name).nonce = nonce);
        begun.add(name);
        return new Begun(nonce, remembered.getOrDefault(name, memento));
    }

    /**
     * Whether what {@link #begin} gave a client still counts. One that was cut off looks here first, as it would take the work from another client that has begun
     * meanwhile by beginning again, or by a pull.
     *
     * @param name  the name
     * @param nonce what it gave; of a transaction before this one
     * @return false where {@link #remember} would answer false
     */
    public boolean counts(String name, String nonce) {
        relies = true;
        return isCurrent(name, nonce);
    }

    /**
     * Remembers how far a client's work is, with all else that this transaction changes. Where it answers false the function should throw, so that
     * nothing of it is done.
     *
     * @param name    the name
     * @param nonce   what {@link #begin} gave; of a transaction before this one
     * @param memento whatever the client needs to go on from here; at most {@value #MAX_MEMENTO_BYTES} bytes
     * @return false where the client does not count, as another one has begun since, or it has ended or never begun: nothing is remembered
     */
    public boolean remember(String name, String nonce, String memento) {
        checkedMemento(memento);
        relies = true;
        if (!isCurrent(name, nonce)) {
            return false;
        }
        change(state -> rules.use(state, name).memento = memento);
        remembered.put(name, memento);
        return true;
    }

    /**
     * Ends a session: its memento is forgotten.
     *
     * @param name  the name
     * @param nonce what {@link #begin} gave
     * @return true where it has ended, also before; false where another one has begun since
     */
    public boolean end(String name, String nonce) {
        relies = true;
        Named named = committed.find(checked(name));
        Objects.requireNonNull(nonce, "nonce");
        if (named == null || named.nonce == null || ended.contains(name)) {
            return !begun.contains(name);
        }
        if (!isCurrent(name, nonce)) {
            return false;
        }
        ended.add(name);
        remembered.remove(name);
        change(state -> {
            Named now = rules.use(state, name);
            now.nonce = null;
            now.memento = null;
        });
        return true;
    }

    private boolean isCurrent(String name, String nonce) {
        Named named = committed.find(checked(name));
        Objects.requireNonNull(nonce, "nonce");
        return named != null
                && named.nonce != null
                && !begun.contains(name)
                && !ended.contains(name)
                && MessageDigest.isEqual(named.nonce.getBytes(UTF_8), nonce.getBytes(UTF_8));
    }

    /** A message as a pull gets it; without one where a newer pull has taken over. */
    record Taken(Message message, boolean removed) {
        Pulled pulled() {
            return message == null
                    ? Pulled.without(Pulled.End.TAKEN_OVER)
                    : new Pulled(Pulled.End.MESSAGE, new String(message.text(), UTF_8), message.number());
        }
    }

    /** What waits first under a name for a pull, which is the newest one of that name from now on; null for nothing. The name is there from now on. */
    Taken takeFirst(String name, boolean keep, PullTicket pull) {
        Named named = committed.find(checked(name));
        long newest = named == null ? PullTicket.NONE : named.ticket;
        if (pull.isBehind(newest)) {
            return new Taken(null, false);
        }
        long ticket = pull.drawAbove(newest);
        if (rules.mustBeUsed(named) || newest != ticket) {
            change(state -> rules.use(state, name).ticket = ticket);
        }
        Message first = named == null ? null : named.messages().first();
        if (first == null) {
            return null;
        }
        if (!keep) {
            change(state -> state.takeFirst(rules.use(state, name)));
        }
        return new Taken(first, !keep);
    }

    void putBack(String name, Taken taken) {
        change(state -> rules.putBack(state, name, taken.message()));
    }

    /** Takes a message away that was pulled; false where it is not the first one any more. */
    boolean acknowledge(String name, long number) {
        relies = true;
        Named named = committed.find(checked(name));
        Message first = named == null ? null : named.messages().first();
        if (first == null || first.number() != number) {
            return false;
        }
        change(state -> state.takeFirst(rules.use(state, name)));
        return true;
    }

    private void change(Consumer<OwnerState> change) {
        if (over) {
            throw new IllegalStateException("the transaction is over: it is for its function alone");
        }
        changes.add(change);
    }

    /** Half of a surrogate pair is refused: it would become another text on its way, and a name another one's. */
    static byte[] utf8(String what, String text) {
        try {
            ByteBuffer encoded = UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            return bytes;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(
                    what + " is no text: half of a surrogate pair stands alone, characters=" + text.length(), e);
        }
    }

    static String checked(String name) {
        Objects.requireNonNull(
                name, "no session name: every request needs one, \"" + DEFAULT_NAME + "\" for the only one");
        int bytes = utf8("session name", name).length;
        if (bytes < 1 || bytes > MAX_NAME_BYTES) {
            throw new IllegalArgumentException(
                    "session name is too long or empty: bytes=" + bytes + ", limit=1 to " + MAX_NAME_BYTES);
        }
        return name;
    }

    /** Bytes of all mementos that were committed, but that of one name. */
    long mementoBytesBeside(String name) {
        return committed.all().stream()
                .filter(named -> named.memento != null && !named.name.equals(name))
                .mapToLong(named -> utf8("memento", named.memento).length)
                .sum();
    }

    static void checkedMemento(String memento) {
        bytes("memento", memento, MAX_MEMENTO_BYTES);
    }

    private static byte[] bytes(String what, String text, int most) {
        byte[] bytes = utf8(what, Objects.requireNonNull(text, what));
        if (bytes.length > most) {
            throw new IllegalArgumentException(what + " is too long: bytes=" + bytes.length + ", limit=" + most);
        }
        return bytes;
    }
}
