package org.globalsessions.client;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.globalsessions.tier.ClientQuery;
import org.globalsessions.tier.ClientQuery.By;
import org.globalsessions.tier.FoundClients;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;

/**
 * Which clients are bound to an address, and which act for a user: what a relay keeps of a path's entries in its memory, so that nobody has to look through
 * a table for them. It follows what it is told, and is made anew from the entries when the relay starts.
 *
 * <p>A client is found in a time that does not depend on how many others there are; telling those of an address is linear in their number. A client takes
 * about 250 bytes, an address or user that nobody else has 200 more.
 *
 * <p>One thread.
 */
public final class ClientIndex {
    /** Says what has become of an entry that was not changed for a while. */
    public enum Standing {
        /** It is in the relay's segment. */
        HERE,
        /** It is not here, and may be in a tier behind. */
        BEHIND,
        /** It is gone. */
        GONE
    }

    private static final class Client {
        private final KeyDigest digest;
        private final byte[] key;
        private int place;
        private long lifeEndNs;
        private long usedNs;
        private long idleLimitNs;
        private boolean hasLifeEnd;
        private Membership address;
        private Membership user;

        Client(KeyDigest digest, byte[] key, long usedNs) {
            this.digest = digest;
            this.key = key;
            this.usedNs = usedNs;
        }

        void stored(SessionEntry entry, long nowNs) {
            hasLifeEnd = entry.lifetimeTicks() > 0;
            lifeEndNs = nowNs + entry.lifetimeTicks() * TICK_NS;
            // As much longer as a host that has not used it may take it to live.
            idleLimitNs = entry.idleLimitTicks() * TICK_NS / 4 * 5;
            used(entry.idleTicks(), nowNs);
        }

        /** The latest use counts, as in the table, in whatever order hosts tell of theirs. */
        void used(int idleTicks, long nowNs) {
            long ns = nowNs - idleTicks * TICK_NS;
            if (ns - usedNs > 0) {
                usedNs = ns;
            }
        }

        boolean hasEnded(long nowNs) {
            return (hasLifeEnd && nowNs - lifeEndNs >= 0) || (idleLimitNs > 0 && nowNs - usedNs >= idleLimitNs);
        }
    }

    /** A client's place in the list of an address or user; numbers rise along a list. */
    private static final class Membership {
        private final Client client;
        private final Group group;
        private final long number;
        private Membership before;
        private Membership after;

        Membership(Client client, Group group, long number) {
            this.client = client;
            this.group = group;
            this.number = number;
        }
    }

    private static final class Group {
        private final String name;
        private Membership first;
        private Membership last;

        /** The last one that was told, so that the part behind it is found without a walk; null for none. */
        private Membership told;

        private int size;

        Group(String name) {
            this.name = name;
        }
    }

    private static final int FIRST_PLACES = 16;
    private static final long TICK_NS = 10_000_000;

    private final int capacity;
    private final Map<KeyDigest, Client> clients = new HashMap<>();
    private final Map<String, Group> addresses = new HashMap<>();
    private final Map<String, Group> users = new HashMap<>();
    private Client[] places = new Client[FIRST_PLACES];
    private int size;
    private int checked;
    private long numbers;
    private long refused;

    /**
     * An index that knows nobody.
     *
     * @param capacity most clients; further ones are refused, and {@link #find} says that it does not know all
     */
    public ClientIndex(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity is out of range: capacity=" + capacity + ", least=1");
        }
        this.capacity = capacity;
    }

    /**
     * Whether a key is that of a client.
     *
     * @param key the key's bytes
     * @return false for keys of applications
     */
    public static boolean isClient(byte[] key) {
        return ClientSessions.isKey(key);
    }

    /**
     * An entry stands in the table. What is no client, or none any more, is left out.
     *
     * @param digest its key's digest
     * @param entry  the entry
     * @param nowNs  the time now
     * @return false where it is a client's and there is no room for it
     */
    public boolean stored(KeyDigest digest, SessionEntry entry, long nowNs) {
        if (!isClient(entry.key())) {
            return true;
        }
        ClientRecord record = clientOf(entry.value());
        if (record == null) {
            removed(digest);
            return true;
        }
        Client client = clients.get(digest);
        if (client == null) {
            if (size == capacity) {
                refused++;
                return false;
            }
            client = add(digest, entry.key(), nowNs - entry.idleTicks() * TICK_NS);
        }
        client.stored(entry, nowNs);
        client.address = moved(client, client.address, addresses, addressOf(record));
        client.user = moved(client, client.user, users, record.user());
        return true;
    }

    /** Null where a value is none of a client that is there. */
    private static ClientRecord clientOf(byte[] value) {
        ClientRecord record = ClientRecord.decode(value);
        return record == null || !ClientDirectory.isThere(record) ? null : record;
    }

    private static String addressOf(ClientRecord record) {
        return record.address() == null ? null : record.address().text();
    }

    private Client add(KeyDigest digest, byte[] key, long usedNs) {
        Client client = new Client(digest, key, usedNs);
        clients.put(digest, client);
        if (size == places.length) {
            places = Arrays.copyOf(places, size * 2);
        }
        client.place = size;
        places[size++] = client;
        return client;
    }

    /** Puts a client into the list of a name, null for none, where it is in another one. */
    private Membership moved(Client client, Membership now, Map<String, Group> groups, String name) {
        if (now != null && now.group.name.equals(name)) {
            return now;
        }
        leave(now, groups);
        if (name == null) {
            return null;
        }
        Group group = groups.computeIfAbsent(name, Group::new);
        Membership joined = new Membership(client, group, ++numbers);
        joined.before = group.last;
        if (group.last == null) {
            group.first = joined;
        } else {
            group.last.after = joined;
        }
        group.last = joined;
        group.size++;
        return joined;
    }

    private static void leave(Membership membership, Map<String, Group> groups) {
        if (membership == null) {
            return;
        }
        Group group = membership.group;
        if (group.told == membership) {
            group.told = membership.before;
        }
        if (membership.before == null) {
            group.first = membership.after;
        } else {
            membership.before.after = membership.after;
        }
        if (membership.after == null) {
            group.last = membership.before;
        } else {
            membership.after.before = membership.before;
        }
        group.size--;
        if (group.size == 0) {
            groups.remove(group.name);
        }
    }

    /**
     * A client was used, which puts its end off.
     *
     * @param digest    its key's digest; of any key
     * @param idleTicks ticks of 10 ms since then
     * @param nowNs     the time now
     */
    public void used(KeyDigest digest, int idleTicks, long nowNs) {
        Client client = clients.get(digest);
        if (client != null) {
            client.used(idleTicks, nowNs);
        }
    }

    /**
     * An entry is deleted.
     *
     * @param digest its key's digest; of any key
     */
    public void removed(KeyDigest digest) {
        Client client = clients.remove(digest);
        if (client == null) {
            return;
        }
        leave(client.address, addresses);
        leave(client.user, users);
        size--;
        places[client.place] = places[size];
        places[client.place].place = client.place;
        places[size] = null;
    }

    /**
     * Tells clients.
     *
     * @param query which ones
     * @return some of them, each once, as long as they stay bound
     */
    public FoundClients find(ClientQuery query) {
        Group group = (query.by() == By.ADDRESS ? addresses : users).get(query.name());
        boolean complete = refused == 0;
        if (group == null) {
            return new FoundClients(0, complete, 0, new long[0]);
        }
        long[] found = new long[2 * Math.min(query.most(), group.size)];
        int count = 0;
        Membership next = group.told != null && group.told.number <= query.after() ? group.told : group.first;
        for (; next != null && count < found.length; next = next.after) {
            if (next.number > query.after()) {
                ClientSessions.copyIdentifier(next.client.key, found, count);
                count += 2;
            }
        }
        group.told = count == 0 ? group.told : next == null ? group.last : next.before;
        long last = next == null || count == 0 ? 0 : next.before.number;
        return new FoundClients(
                group.size, complete, last, count == found.length ? found : Arrays.copyOf(found, count));
    }

    /**
     * Looks whether some of the clients are still there, others with each call: an entry ends without anybody saying so.
     *
     * @param most     how many are looked at
     * @param nowNs    the time now
     * @param standing what has become of the entry whose key has a digest
     */
    public void check(int most, long nowNs, Function<KeyDigest, Standing> standing) {
        for (int i = Math.min(most, size); i > 0; i--) {
            checked = checked >= size ? 0 : checked;
            Client client = places[checked];
            Standing is = standing.apply(client.digest);
            if (is == Standing.GONE || (is == Standing.BEHIND && client.hasEnded(nowNs))) {
                // The last one takes its place, and is next.
                removed(client.digest);
                if (size == 0) {
                    return;
                }
            } else {
                checked++;
            }
        }
    }

    /**
     * Whether it knows of an entry what the table has.
     *
     * @param digest its key's digest
     * @param key    its key
     * @param value  its value
     * @return true also for what is no client, where it knows none
     */
    public boolean agrees(KeyDigest digest, byte[] key, byte[] value) {
        Client client = clients.get(digest);
        ClientRecord record = isClient(key) ? clientOf(value) : null;
        if (record == null || client == null) {
            return record == null && client == null;
        }
        return isIn(client.user, record.user()) && isIn(client.address, addressOf(record));
    }

    private static boolean isIn(Membership membership, String name) {
        return membership == null ? name == null : membership.group.name.equals(name);
    }

    /**
     * How many clients it knows.
     *
     * @return 0 or more
     */
    public int size() {
        return size;
    }

    /**
     * How many addresses clients that it knows are bound to.
     *
     * @return 0 or more
     */
    public int addresses() {
        return addresses.size();
    }

    /**
     * How many entries were refused for want of room.
     *
     * @return 0 where it knows all
     */
    public long refused() {
        return refused;
    }

    /** Names no one. */
    @Override
    public String toString() {
        return "ClientIndex[clients=" + size + ", addresses=" + addresses.size() + ", refused=" + refused + "]";
    }
}
