package org.globalsessions.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.globalsessions.Acknowledgement;

/**
 * What applications asked for in a simulation and what they got, and whether that keeps the promises. It knows nothing of versions, lives or
 * positions: only who asked what, when, and what came back.
 */
final class SimulationHistory {
    private static final long PENDING = Long.MAX_VALUE;
    private static final long TICK_NS = 10_000_000;

    /** Two cuts of eight seconds one after the other, and a stop. */
    private static final long LONGEST_HOLD_UP_NS = 22_000_000_000L;

    /** What was asked for. */
    enum Kind {
        SET,
        DELETE,
        GET,
        TOUCH
    }

    /** One call of an application. */
    static final class Call {
        final int number;
        final Kind kind;
        final String key;
        final int host;
        final Acknowledgement level;
        final long lifetimeNs;
        final long startNs;

        /** When the call had returned, and with it what it does on its own host; pending where its process died in it. */
        long returnedNs = PENDING;

        /** When its future was complete, with what was asked for and not exceptionally. */
        long doneNs = PENDING;

        /** What a save asks to be there, as its process was told, compared with others alone; null for a plain set. */
        Object expected;

        /** The set whose value that stood for; null where nothing was to be there. */
        Call over;

        /** The set whose value a get was answered with. */
        Call found;

        /** It did not happen at all, or has lost: nobody may count on it, and nobody need see it. */
        boolean lost;

        String answer = "";

        private Call(
                int number, Kind kind, String key, int host, Acknowledgement level, long lifetimeNs, long startNs) {
            this.number = number;
            this.kind = kind;
            this.key = key;
            this.host = host;
            this.level = level;
            this.lifetimeNs = lifetimeNs;
            this.startNs = startNs;
        }

        /** A value that says which call it is of. */
        byte[] value() {
            return (key + "#" + number).getBytes(UTF_8);
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%4d %9.3f %s host %d %s %s%s%s%s %s",
                    number,
                    startNs / 1e9,
                    doneNs == PENDING ? "  (open)" : String.format(Locale.ROOT, "%8.3f", doneNs / 1e9),
                    host,
                    kind,
                    key,
                    level == Acknowledgement.LOCAL ? "" : " " + level,
                    lifetimeNs == 0 ? "" : " ttl " + lifetimeNs / 1_000_000 + " ms",
                    expected == null ? "" : over == null ? " over nothing" : " over " + over.number,
                    lost ? "lost: " + answer : answer);
        }
    }

    private record Forgivable(Call promised, String what) {}

    private final List<Call> calls = new ArrayList<>();
    private final List<String> violations = new ArrayList<>();

    /** Those that a loss may have led to. */
    private final List<Forgivable> forgivable = new ArrayList<>();

    private final List<Integer> lostHosts = new ArrayList<>();
    private final long idleNs;
    private boolean forgivesLosses;
    private boolean relayLost;
    private boolean reliefTierChanged;

    /** Nothing has happened yet; sessions live without use for so long, or without limit where that is 0. */
    SimulationHistory(long idleNs) {
        this.idleNs = idleNs;
    }

    /**
     * A save begins that is to happen only over one version.
     *
     * @param expected stands for that version
     * @param over     the value that it was told with; null where nothing is to be there
     */
    Call beginSave(String key, int host, Acknowledgement level, Object expected, byte[] over, long nowNs) {
        Call save = begin(Kind.SET, key, host, level, 0, nowNs);
        save.expected = expected;
        save.over = over == null ? null : setOf(save, over);
        return save;
    }

    Call begin(Kind kind, String key, int host, Acknowledgement level, long lifetimeNs, long nowNs) {
        Call call = new Call(calls.size(), kind, key, host, level, lifetimeNs, nowNs);
        calls.add(call);
        return call;
    }

    /** A host is gone with its segment: what only it had nobody can count on. */
    void hostLost(int host) {
        lostHosts.add(host);
    }

    /** Something was counted as lost, which is the sole exception that the promises make. */
    void forgiveLosses() {
        forgivesLosses = true;
        forgivable.clear();
    }

    /** The relay's machine is gone with its segment: on what relief nodes have not acknowledged nobody can count. */
    void relayLost() {
        relayLost = true;
        forgivable.removeIf(each -> isForgiven(each.promised));
    }

    /** Whether a set need not be kept; nor need it where what relief nodes have not acknowledged may stand in its place. */
    private boolean isForgiven(Call set) {
        return forgivesLosses || (relayLost && (!isAtRelief(set) || isOverwrittenAtRelayAlone(set)));
    }

    private static boolean isAtRelief(Call set) {
        return set.level == Acknowledgement.RELIEF && set.doneNs != PENDING;
    }

    private boolean isOverwrittenAtRelayAlone(Call set) {
        return about(set.key).stream()
                .anyMatch(other -> other.kind == Kind.SET && !isAtRelief(other) && maySupersede(other, set));
    }

    /**
     * A relief node has joined or was away: what it has of a session it was not told to be void, and when the newer version, which it never
     * had, expires in the other tiers, that comes back.
     */
    void reliefTierChanged() {
        reliefTierChanged = true;
    }

    private boolean mayBeBackFromRelief(String key) {
        return reliefTierChanged && about(key).stream().anyMatch(call -> call.lifetimeNs != 0);
    }

    void violation(String what, Call about) {
        violation(what + ": " + about);
    }

    void violation(String what) {
        violations.add(what);
    }

    private void violationUnlessLost(String what, Call promised, Call about) {
        if (!isForgiven(promised)) {
            forgivable.add(new Forgivable(promised, what + ": " + about));
        }
    }

    List<String> violations() {
        return Stream.concat(violations.stream(), forgivable.stream().map(Forgivable::what))
                .toList();
    }

    /** All calls about a key. */
    List<Call> about(String key) {
        return calls.stream().filter(call -> call.key.equals(key)).toList();
    }

    List<Call> calls() {
        return calls;
    }

    /** An answer has come to a get: the value, or null. */
    void answered(Call get, byte[] value, long nowNs) {
        get.doneNs = nowNs;
        if (value == null) {
            get.answer = "nothing";
            checkNothing(get);
            return;
        }
        Call set = setOf(get, value);
        if (set == null) {
            return;
        }
        get.answer = "value of " + set.number;
        get.found = set;
        checkDead(get, set);
        checkExpired(get, set);
        checkNotGoneBack(get, set);
    }

    /** A touch has said whether there is a session. */
    void touched(Call touch, boolean live, long nowNs) {
        touch.doneNs = nowNs;
        touch.answer = live ? "live" : "nothing";
        if (!live) {
            checkNothing(touch);
        } else if (about(touch.key).stream().noneMatch(set -> set.kind == Kind.SET && !isDead(touch, set))) {
            violation("P1: touched, where all is deleted", touch);
        }
    }

    private boolean isDead(Call get, Call set) {
        return about(get.key).stream().anyMatch(delete -> hasKilled(delete, get, set));
    }

    /** P2 and P3: whole, and of this key. */
    private Call setOf(Call get, byte[] value) {
        String text = new String(value, UTF_8);
        int mark = text.indexOf('#');
        if (mark < 0 || !text.substring(0, mark).equals(get.key)) {
            violation("another's session, or a torn one", get);
            return null;
        }
        return calls.get(Integer.parseInt(text.substring(mark + 1)));
    }

    /** P1: nothing that began before a delete is returned on its host after it, nor anywhere after it was everywhere. */
    private void checkDead(Call get, Call set) {
        for (Call delete : about(get.key)) {
            if (hasKilled(delete, get, set)) {
                violation("P1: deleted by " + delete.number + (isHere(delete, get) ? " here" : " everywhere"), get);
            }
        }
    }

    private static boolean isHere(Call delete, Call get) {
        return delete.host == get.host && delete.returnedNs < get.startNs;
    }

    /** A set is on its host at once, a save happens when the relay decides it, at some time before its answer. */
    private static boolean isBefore(Call set, Call delete) {
        return (set.expected == null ? set.startNs : set.doneNs) < delete.startNs;
    }

    private static boolean hasKilled(Call delete, Call get, Call set) {
        // What a host has begun while it was cut off it serves without limit; only what the relay had from it before is
        // deleted.
        boolean known = set.host != get.host || (set.level != Acknowledgement.LOCAL && set.doneNs < delete.startNs);
        boolean everywhere = delete.level == Acknowledgement.EVERYWHERE && delete.doneNs < get.startNs && known;
        return delete.kind == Kind.DELETE
                && !delete.lost
                && isBefore(set, delete)
                && (isHere(delete, get) || everywhere);
    }

    /**
     * P6, with one tick for the rounding and one for the clock: at once on the host that has set it. Elsewhere a lifetime begins with the
     * arrival of the frame that carries it, which a stop or a cut may have held up; so it does where that host has got it back from there.
     */
    private void checkExpired(Call get, Call set) {
        boolean own = isOfItsHost(get, set)
                && about(get.key).stream()
                        .noneMatch(other -> other.found == set
                                && other.host == get.host
                                && other.returnedNs < get.startNs
                                && !isOfItsHost(other, set));
        long limitNs = set.lifetimeNs + 3 * TICK_NS + (own ? 0 : LONGEST_HOLD_UP_NS);
        if (set.lifetimeNs != 0 && set.returnedNs != PENDING && get.startNs > set.returnedNs + limitNs) {
            violation("P6: expired", get);
        }
    }

    /** Whether a get was answered by the host that has set what it found. */
    private static boolean isOfItsHost(Call get, Call set) {
        return get.host == set.host && get.doneNs == get.startNs;
    }

    /** P4 on one host: after a set has returned, none of its host that returned before it began comes back. */
    private void checkNotGoneBack(Call get, Call set) {
        if (idleNs != 0 || mayBeBackFromRelief(get.key)) {
            return;
        }
        for (Call newer : about(get.key)) {
            if (newer.kind == Kind.SET
                    && !newer.lost
                    && newer.host == get.host
                    && set.host == get.host
                    && set.returnedNs < newer.startNs
                    && newer.returnedNs < get.startNs) {
                violationUnlessLost("P4: older than set " + newer.number, newer, get);
            }
        }
    }

    /** P8, and that null is never an outage: what the relay has acknowledged is there unless somebody has deleted it, or it expired. */
    private void checkNothing(Call get) {
        for (Call set : about(get.key)) {
            boolean promised = set.kind == Kind.SET
                    && set.level != Acknowledgement.LOCAL
                    && set.doneNs < get.startNs
                    && set.lifetimeNs == 0
                    && (idleNs == 0 || get.doneNs - set.startNs < idleNs - TICK_NS);
            if (promised && !mayBeGone(set, get.doneNs)) {
                violationUnlessLost("P8: nothing, where set " + set.number + " was acknowledged", set, get);
            }
        }
    }

    private boolean mayBeGone(Call set, long untilNs) {
        for (Call other : about(set.key)) {
            if (other.kind == Kind.DELETE && other.startNs < untilNs && mayHaveKilled(other, set)) {
                return true;
            }
            // Superseded by one that expires.
            if (other.kind == Kind.SET
                    && other.lifetimeNs != 0
                    && other.startNs < untilNs
                    && maySupersede(other, set)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether a delete may take what a set has stored. One that began later may; one that began earlier may where the set's host did not know
     * of it, and so went on with a session that had ended.
     */
    private static boolean mayHaveKilled(Call delete, Call set) {
        if (delete.startNs >= set.startNs || delete.returnedNs >= set.startNs) {
            return true;
        }
        if (delete.host == set.host) {
            return false;
        }
        boolean relayKnewBefore = delete.level != Acknowledgement.LOCAL && delete.doneNs < set.startNs;
        boolean relayTook = set.level != Acknowledgement.LOCAL && set.doneNs != PENDING;
        return !(relayKnewBefore && relayTook);
    }

    /** Whether another set's value may stand in the place of a set's. */
    private static boolean maySupersede(Call other, Call set) {
        return other != set && !(other.host == set.host && other.returnedNs < set.startNs);
    }

    /**
     * What every host says in the end, when everything has healed and all of it has passed: nothing deleted is there, nothing acknowledged is
     * missing, and they agree, unless hosts are not told of each other's changes.
     *
     * @param gets the last get of each process for a key
     * @param told whether hosts are told of changes
     */
    void checkEnd(List<Call> gets, boolean told, long nowNs) {
        for (Call get : gets) {
            if (get.doneNs == PENDING) {
                violation("no answer though all is healed", get);
                return;
            }
            String other = gets.get(0).answer;
            // What the last tier had no space for may still be on the host that has set it.
            boolean lost = (forgivesLosses || relayLost) && (get.answer.equals("nothing") || other.equals("nothing"));
            if (told && !lost && !mayBeBackFromRelief(get.key) && !get.answer.equals(other)) {
                violation("the hosts do not agree, another says " + other, get);
                return;
            }
            checkEnd(get, told, nowNs);
        }
    }

    private void checkEnd(Call get, boolean told, long nowNs) {
        Call last = get.found;
        if (last != null && idleNs != 0) {
            violation("P6: not used for long, and there in the end", get);
        }
        for (Call call : about(get.key)) {
            if (call.kind == Kind.DELETE
                    && last != null
                    && !call.lost
                    && call.returnedNs != PENDING
                    && !isForgotten(call)
                    && isBefore(last, call)) {
                violation("P1: deleted by " + call.number + ", and there in the end", get);
            }
            if (told && last != null && hasExpiredOver(call, last)) {
                violation("P6: " + call.number + " has expired, and what it had replaced is there in the end", get);
            }
            if (call.kind == Kind.SET && (told || last == null) && isPromised(call, nowNs) && !isForgiven(call)) {
                checkKept(call, last, get, nowNs);
            }
        }
    }

    /** Whether a host has stored a session with a lifetime after it had stored another one. */
    private boolean hasExpiredOver(Call set, Call older) {
        return idleNs == 0
                && !forgivesLosses
                && !relayLost
                && !reliefTierChanged
                && set.kind == Kind.SET
                && set.lifetimeNs != 0
                && set.returnedNs != PENDING
                && !isForgotten(set)
                && older.host == set.host
                && older.returnedNs < set.startNs;
    }

    private boolean isPromised(Call set, long nowNs) {
        boolean acknowledged = set.level == Acknowledgement.LOCAL ? set.returnedNs != PENDING : set.doneNs != PENDING;
        boolean limited = set.lifetimeNs != 0 || idleNs != 0;
        return acknowledged && !set.lost && !isForgotten(set) && !limited && set.startNs < nowNs;
    }

    /** Known to a lost host alone, as far as anybody was told. */
    private boolean isForgotten(Call call) {
        return lostHosts.contains(call.host) && (call.level == Acknowledgement.LOCAL || call.doneNs == PENDING);
    }

    private void checkKept(Call set, Call last, Call get, long nowNs) {
        if (last == set || mayBeGone(set, nowNs)) {
            return;
        }
        if (last == null) {
            violation("P4: nothing in the end, where set " + set.number + " was acknowledged", get);
        } else if (!maySupersede(last, set)) {
            violation("P4: older in the end than set " + set.number, get);
        }
    }

    /**
     * Of the saves over one version at most one has succeeded, none over what was deleted before it for all that the relay has said, and of
     * those that have not nothing was ever seen.
     */
    void checkSaves() {
        Map<Object, Call> winners = new HashMap<>();
        for (Call call : calls) {
            if (call.found != null && call.found.expected != null && call.found.lost) {
                violation("a save that has failed is there", call);
            }
            if (call.expected != null && call.over != null && call.doneNs != PENDING) {
                Call other = winners.putIfAbsent(List.of(call.key, call.expected), call);
                if (other != null && !mayHaveBeenForgotten(call)) {
                    violation("saved over a version over which " + other.number + " was saved", call);
                }
                checkNotOverDeleted(call);
            }
        }
    }

    /** What the relay does not have any more, as it had no room or it has expired, a host may save over that has an older version. */
    private boolean mayHaveBeenForgotten(Call save) {
        return forgivesLosses
                || relayLost
                || idleNs != 0
                || about(save.key).stream().anyMatch(call -> call.lifetimeNs != 0);
    }

    private void checkNotOverDeleted(Call save) {
        for (Call delete : about(save.key)) {
            boolean relayKnew = delete.level != Acknowledgement.LOCAL && delete.doneNs < save.startNs;
            if (delete.kind == Kind.DELETE && relayKnew && isBefore(save.over, delete)) {
                violation("saved over what was deleted by " + delete.number, save);
            }
        }
    }
}
