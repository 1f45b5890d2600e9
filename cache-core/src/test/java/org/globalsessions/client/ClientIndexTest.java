package org.globalsessions.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.globalsessions.Version;
import org.globalsessions.client.ClientIndex.Standing;
import org.globalsessions.tier.ClientQuery;
import org.globalsessions.tier.ClientQuery.By;
import org.globalsessions.tier.FoundClients;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.junit.jupiter.api.Test;

class ClientIndexTest {
    private static final byte[] AUTHORISATION = {1, 2, 3};
    private static final long SECOND = 1_000_000_000L;

    private final ClientIndex index = new ClientIndex(1_000);

    /** Twenty-two characters that stand for sixteen bytes. */
    private static String identifier(int number) {
        return ClientSessions.identifier(new long[] {number, ~number}, 0);
    }

    private static KeyDigest digest(int number) {
        return new KeyDigest(number * 31L, number);
    }

    private static ClientRecord bound(String user, String address) {
        ClientRecord accepted = ClientRecord.accepted(7, user);
        return address == null ? accepted : accepted.bound(ClientAddress.parse(address), AUTHORISATION);
    }

    private static SessionEntry entry(int number, ClientRecord client, int idleLimitTicks, int lifetimeTicks) {
        byte[] key = ("\u0001c" + identifier(number)).getBytes(UTF_8);
        return new SessionEntry(key, client.encode(), new Version(9, 1), 9, false, 0, idleLimitTicks, lifetimeTicks);
    }

    private void store(int number, String user, String address) {
        assertThat(index.stored(digest(number), entry(number, bound(user, address), 0, 0), 0))
                .isTrue();
    }

    private static Set<String> told(FoundClients found) {
        Set<String> identifiers = new TreeSet<>();
        ClientSessions.addIdentifiers(found.identifiers(), identifiers);
        return identifiers;
    }

    private Set<String> at(String address) {
        FoundClients found = index.find(new ClientQuery(By.ADDRESS, address, 0, ClientQuery.MOST));
        assertThat(found.total()).isEqualTo(found.identifiers().length / 2);
        assertThat(found.complete()).isTrue();
        return told(found);
    }

    private Set<String> of(String user) {
        return told(index.find(new ClientQuery(By.USER, user, 0, ClientQuery.MOST)));
    }

    @Test
    void shouldTellWhoIsBoundToAnAddressAndWhoActsForAUser() {
        store(1, "ann", "user.7");
        store(2, "ann", "user.8");
        store(3, "bob", "user.7");
        store(4, "bob", null);
        assertThat(at("user.7")).containsExactlyInAnyOrder(identifier(1), identifier(3));
        assertThat(at("user.8")).containsExactly(identifier(2));
        assertThat(at("user.nobody")).isEmpty();
        assertThat(of("ann")).containsExactlyInAnyOrder(identifier(1), identifier(2));
        assertThat(of("bob")).containsExactlyInAnyOrder(identifier(3), identifier(4));
        assertThat(index.size()).isEqualTo(4);
        assertThat(index.addresses()).isEqualTo(2);
    }

    @Test
    void shouldFollowAClientThatIsBoundAnewUnboundRenamedOrGone() {
        store(1, "ann", "user.7");
        store(1, "ann", "user.8");
        assertThat(at("user.7")).isEmpty();
        assertThat(at("user.8")).containsExactly(identifier(1));
        store(1, "ann", null);
        assertThat(at("user.8")).isEmpty();
        assertThat(of("ann")).containsExactly(identifier(1));

        ClientRecord renamed = bound("ann", "user.7").as(ClientRecord.Kind.RENAMED, identifier(2));
        index.stored(digest(1), entry(1, renamed, 0, 0), 0);
        store(2, "ann", "user.7");
        assertThat(of("ann")).containsExactly(identifier(2));
        index.removed(digest(2));
        assertThat(of("ann")).isEmpty();
        assertThat(at("user.7")).isEmpty();
        assertThat(index.size()).isZero();
        assertThat(index.addresses()).isZero();
    }

    @Test
    void shouldTellThoseOfALargeAddressInPartsEachOnce() {
        for (int i = 0; i < 100; i++) {
            store(i, "ann", "user.7");
        }
        ClientQuery query = new ClientQuery(By.ADDRESS, "user.7", 0, 30);
        List<Integer> sizes = new ArrayList<>();
        Set<String> all = new TreeSet<>();
        boolean more = true;
        while (more) {
            FoundClients part = index.find(query);
            assertThat(part.total()).isEqualTo(sizes.isEmpty() ? 100 : 98);
            sizes.add(part.identifiers().length / 2);
            all.addAll(told(part));
            if (sizes.size() == 1) {
                // Where the next part begins does not depend on those told before.
                index.removed(digest(29));
                index.removed(digest(3));
            }
            more = part.next() != 0;
            query = query.next(part);
        }
        assertThat(sizes).containsExactly(30, 30, 30, 10);
        assertThat(all).hasSize(100);
    }

    @Test
    void shouldCountWithoutTelling() {
        store(1, "ann", "user.7");
        FoundClients counted = index.find(new ClientQuery(By.ADDRESS, "user.7", 0, 0));
        assertThat(counted.total()).isOne();
        assertThat(counted.identifiers()).isEmpty();
        assertThat(counted.next()).isZero();
    }

    @Test
    void shouldLeaveOutWhatIsNoClient() {
        SessionEntry entry = entry(1, bound("ann", "user.7"), 0, 0);
        byte[] value = entry.value();
        for (String key : List.of("session", "\u0001c", "\u0001c" + identifier(1) + "x", "\u0001g" + identifier(1))) {
            SessionEntry other = new SessionEntry(key.getBytes(UTF_8), value, entry.version(), 9, false, 0, 0, 0);
            assertThat(index.stored(digest(2), other, 0)).isTrue();
        }
        SessionEntry mangled = new SessionEntry(entry.key(), new byte[] {9, 9}, entry.version(), 9, false, 0, 0, 0);
        assertThat(index.stored(digest(1), mangled, 0)).isTrue();
        assertThat(index.size()).isZero();
    }

    @Test
    void shouldSayThatItDoesNotKnowAllWhenThereAreMoreThanItTakes() {
        ClientIndex small = new ClientIndex(2);
        for (int i = 1; i <= 2; i++) {
            assertThat(small.stored(digest(i), entry(i, bound("ann", "user.7"), 0, 0), 0))
                    .isTrue();
        }
        assertThat(small.stored(digest(3), entry(3, bound("ann", "user.7"), 0, 0), 0))
                .isFalse();
        assertThat(small.refused()).isOne();
        FoundClients found = small.find(new ClientQuery(By.ADDRESS, "user.7", 0, ClientQuery.MOST));
        assertThat(found.complete()).isFalse();
        assertThat(told(found)).containsExactlyInAnyOrder(identifier(1), identifier(2));
        assertThat(small.toString()).doesNotContain("ann").doesNotContain("user.7");
    }

    @Test
    void shouldForgetWhatIsGoneAndWhatHasEndedInATierBehind() {
        long nowNs = -5 * SECOND;
        index.stored(digest(1), entry(1, bound("here", null), 100, 100), nowNs);
        index.stored(digest(2), entry(2, bound("gone", null), 0, 0), nowNs);
        index.stored(digest(3), entry(3, bound("lifetime", null), 0, 200), nowNs);
        index.stored(digest(4), entry(4, bound("idle", null), 400, 0), nowNs);
        index.stored(digest(5), entry(5, bound("for ever", null), 0, 0), nowNs);
        Map<KeyDigest, Standing> standing = new HashMap<>();
        for (int i = 1; i <= 5; i++) {
            standing.put(digest(i), i == 1 ? Standing.HERE : i == 2 ? Standing.GONE : Standing.BEHIND);
        }
        index.check(10, nowNs, standing::get);
        assertThat(of("gone")).isEmpty();
        assertThat(index.size()).isEqualTo(4);

        // Of 2 s, and of an idle time of 4 s that other hosts may take to be a quarter longer.
        index.check(10, nowNs + 2 * SECOND, standing::get);
        assertThat(of("lifetime")).isEmpty();
        index.used(digest(4), 100, nowNs + 4 * SECOND);
        index.check(10, nowNs + 5 * SECOND, standing::get);
        assertThat(of("idle")).isNotEmpty();
        index.check(10, nowNs + 8 * SECOND, standing::get);
        assertThat(of("idle")).isEmpty();
        assertThat(index.size()).isEqualTo(2);
        assertThat(of("for ever")).isNotEmpty();
    }

    @Test
    void shouldGoByTheLatestUseInWhateverOrderHostsTell() {
        long nowNs = -5 * SECOND;
        index.stored(digest(1), entry(1, bound("ann", null), 400, 0), nowNs);
        // Used 3 s later here, and 2 s later there.
        index.used(digest(1), 0, nowNs + 3 * SECOND);
        index.used(digest(1), 100, nowNs + 3 * SECOND);
        index.check(10, nowNs + 7 * SECOND + SECOND / 2, digest -> Standing.BEHIND);
        assertThat(of("ann")).isNotEmpty();
        index.check(10, nowNs + 8 * SECOND, digest -> Standing.BEHIND);
        assertThat(of("ann")).isEmpty();
    }

    @Test
    void shouldLookAtOthersWithEachCheck() {
        for (int i = 0; i < 10; i++) {
            store(i, "ann", null);
        }
        List<KeyDigest> seen = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            index.check(4, 0, digest -> {
                seen.add(digest);
                return Standing.HERE;
            });
        }
        assertThat(seen).hasSize(20);
        assertThat(Set.copyOf(seen)).hasSize(10);
    }

    @Test
    void shouldKnowWhatAMapKnowsWhateverHappens() {
        long seed = System.nanoTime();
        System.out.println("ClientIndexTest, -Dseed=" + seed);
        Random random = new Random(Long.getLong("seed", seed));
        Map<Integer, ClientRecord> clients = new HashMap<>();
        for (int step = 0; step < 20_000; step++) {
            int number = random.nextInt(200);
            switch (random.nextInt(5)) {
                case 0 -> {
                    index.removed(digest(number));
                    clients.remove(number);
                }
                case 1 ->
                    index.check(3, 0, digest -> {
                        boolean gone = digest.low() % 50 == 0;
                        if (gone) {
                            clients.remove((int) digest.low());
                        }
                        return gone ? Standing.GONE : Standing.BEHIND;
                    });
                default -> {
                    ClientRecord record =
                            bound("u" + random.nextInt(5), random.nextInt(3) == 0 ? null : "user." + random.nextInt(4));
                    index.stored(digest(number), entry(number, record, 0, 0), 0);
                    clients.put(number, record);
                }
            }
            if (step % 100 == 0) {
                compare(clients);
            }
        }
        compare(clients);
    }

    private void compare(Map<Integer, ClientRecord> clients) {
        assertThat(index.size()).isEqualTo(clients.size());
        for (int i = 0; i < 5; i++) {
            String user = "u" + i;
            String address = "user." + i;
            Set<String> ofUser = new TreeSet<>();
            Set<String> atAddress = new TreeSet<>();
            clients.forEach((number, record) -> {
                if (record.user().equals(user)) {
                    ofUser.add(identifier(number));
                }
                if (record.address() != null && record.address().text().equals(address)) {
                    atAddress.add(identifier(number));
                }
            });
            assertThat(of(user)).isEqualTo(ofUser);
            assertThat(at(address)).isEqualTo(atAddress);
        }
        clients.forEach((number, record) -> {
            SessionEntry entry = entry(number, record, 0, 0);
            assertThat(index.agrees(digest(number), entry.key(), entry.value())).isTrue();
            SessionEntry other = entry(number, bound("somebody else", null), 0, 0);
            assertThat(index.agrees(digest(number), other.key(), other.value())).isFalse();
        });
    }
}
