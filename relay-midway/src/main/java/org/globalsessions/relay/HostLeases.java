package org.globalsessions.relay;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.globalsessions.relay.ClientEndPoint.HostId;

/**
 * The relay's memory of hosts that may serve what it has told them or confirmed, and how far each of them is. A host that neither renews its
 * lease nor is past a delete within {@code max_stale} serves nothing any more that the delete concerns.
 *
 * <p>On the relay's event loop alone. Time is counted in ticks of 10 ms that go on while the machine sleeps, from the moment at which
 * a renewal was answered; the host counts from when it asked.
 */
final class HostLeases {
    /** Most hosts that are remembered. */
    static final int MAX_HOSTS = 65_536;

    private static final long TICK_MS = 10;

    private static final class Lease {
        long grantedTick;
        long applied;
        int connections;

        /** When its last connection ended, or this relay began. */
        long leftTick;

        /** Below this position nobody has waited for what the host may serve. */
        long confirmedFrom;
    }

    private final LongSupplier tick;
    private final long maxStaleTicks;
    private final HostMemory memory;
    private final RelayErrors errors;
    private final Map<HostId, Lease> leases = new HashMap<>();

    /** Before this tick a host may be away that nobody here remembers. */
    private final long knownFromTick;

    private boolean changed;

    /**
     * Those of the last start count as granted now.
     *
     * @param tick     ticks of 10 ms, never going back
     * @param maxStale how long a host serves what it cannot confirm; zero for no limit
     * @param memory   outlives this process
     * @param errors   told where that fails
     */
    HostLeases(LongSupplier tick, Duration maxStale, HostMemory memory, RelayErrors errors) {
        this.tick = tick;
        this.maxStaleTicks = (maxStale.toMillis() + TICK_MS - 1) / TICK_MS;
        this.memory = memory;
        this.errors = errors;
        long now = tick.getAsLong();
        // Without a limit to wait for, what is not remembered is taken not to be there.
        this.knownFromTick = memory.isWhole() ? now : now + maxStaleTicks;
        for (HostId host : memory.first()) {
            Lease lease = new Lease();
            lease.grantedTick = now;
            lease.leftTick = now;
            leases.put(host, lease);
        }
    }

    /**
     * A process of a host is let in: from now on it may take what it serves from here.
     *
     * @param host     the host
     * @param position the relay's position; a host that is not remembered has nothing older that it may serve
     * @return false where it cannot be remembered, as there are too many hosts or the memory fails
     */
    boolean enter(HostId host, long position) {
        Lease lease = leases.get(host);
        if (lease == null) {
            if (leases.size() >= MAX_HOSTS) {
                forgetEnded();
            }
            if (leases.size() >= MAX_HOSTS) {
                return false;
            }
            lease = new Lease();
            lease.grantedTick = tick.getAsLong();
            lease.applied = position;
            // With a limit, what it has from before has run out.
            lease.confirmedFrom = maxStaleTicks == 0 ? position : 0;
            if (!remember(host)) {
                return false;
            }
            leases.put(host, lease);
        }
        lease.connections++;
        return true;
    }

    /** False where after a start the memory would pass for whole without the host. */
    private boolean remember(HostId host) {
        try {
            memory.add(host);
            return true;
        } catch (IOException e) {
            errors.record("remembering a host", e);
        }
        try {
            memory.giveUp();
            return true;
        } catch (IOException e) {
            errors.record("giving up the memory of hosts", e);
            return false;
        }
    }

    /** A connection of a host has ended. */
    void leave(HostId host) {
        Lease lease = leases.get(host);
        lease.connections--;
        lease.leftTick = tick.getAsLong();
    }

    /** Whether a host that has everything up to a position may serve what deletes were not held up for on its account. */
    boolean mustConfirm(HostId host, long position) {
        Lease lease = leases.get(host);
        return lease != null && position < lease.confirmedFrom;
    }

    /** Told of each host that is remembered. */
    interface Visitor {
        /**
         * One host.
         *
         * @param host        which
         * @param connections how many it has
         * @param awayMs      milliseconds since the last one ended, 0 where it has one
         */
        void visit(HostId host, int connections, long awayMs);
    }

    /** Visits all, in no order. */
    void forEach(Visitor visitor) {
        long now = tick.getAsLong();
        leases.forEach((host, lease) ->
                visitor.visit(host, lease.connections, lease.connections > 0 ? 0 : (now - lease.leftTick) * TICK_MS));
    }

    /**
     * Forgets a host that is away: no delete waits for it any more, also after a start.
     *
     * @return false where the memory could not be written, and nothing is forgotten
     */
    boolean forget(HostId host) {
        Set<HostId> others = new HashSet<>(leases.keySet());
        others.remove(host);
        try {
            memory.keep(others);
        } catch (IOException e) {
            errors.record("forgetting a host as an operator asks for it", e);
            return false;
        }
        leases.remove(host);
        return true;
    }

    /** A host has everything up to a position; of a client, which serves nothing, that is not kept. */
    void applied(HostId host, long position) {
        Lease lease = leases.get(host);
        if (lease != null) {
            lease.applied = Math.max(lease.applied, position);
        }
    }

    /** A host has asked for a renewal, and is about to be answered. */
    void renew(HostId host) {
        Lease lease = leases.get(host);
        if (lease != null) {
            lease.grantedTick = tick.getAsLong();
        }
    }

    /**
     * Up to which number no host but one serves any more what a delete concerns.
     *
     * @param except the host that has deleted
     * @return the lowest number that another host is at whose lease runs; -1 while that is not known
     */
    long reachedByAllBut(HostId except) {
        long now = tick.getAsLong();
        if (now - knownFromTick < 0) {
            return -1;
        }
        long reached = Long.MAX_VALUE;
        for (Map.Entry<HostId, Lease> each : leases.entrySet()) {
            Lease lease = each.getValue();
            boolean runs = maxStaleTicks == 0 || now - lease.grantedTick <= maxStaleTicks;
            if (runs && lease.applied < reached && !each.getKey().equals(except)) {
                reached = lease.applied;
            }
        }
        return reached;
    }

    /** Forgets hosts that are away and whose leases are over; once no other can have one, the memory is whole. */
    void forgetEnded() {
        long now = tick.getAsLong();
        if (!memory.isWhole() && now - knownFromTick >= 0) {
            try {
                memory.nowWhole();
            } catch (IOException e) {
                errors.record("completing the memory of hosts", e);
            }
        }
        if (maxStaleTicks == 0) {
            return;
        }
        for (Iterator<Lease> all = leases.values().iterator(); all.hasNext(); ) {
            Lease lease = all.next();
            if (lease.connections == 0 && now - lease.grantedTick > maxStaleTicks) {
                all.remove();
                changed = true;
            }
        }
        if (changed) {
            changed = false;
            keepRemembered();
        }
    }

    private void keepRemembered() {
        try {
            memory.keep(leases.keySet());
        } catch (IOException e) {
            // The file as it is names some that are not needed any more, and all that are.
            errors.record("forgetting hosts", e);
        }
    }
}
