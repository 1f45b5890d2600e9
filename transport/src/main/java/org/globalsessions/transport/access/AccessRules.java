package org.globalsessions.transport.access;

import com.typesafe.config.Config;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.security.auth.x500.X500Principal;
import org.globalsessions.config.PathSection;
import org.globalsessions.transport.PeerIdentity;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.tls.SecretFile;

/**
 * Who may do what on a path: by the subject of the peer's certificate, by the user at the other end of a Unix socket, by a
 * shared secret, or by several of these at once. Immutable, any thread.
 *
 * <p>A peer has the rights of every rule that it meets, and none where it meets no rule; without rules all peers have all
 * rights.
 */
public final class AccessRules {
    private static final AccessRules OPEN = new AccessRules(List.of());

    /** One rule, with a hash of its secret; what is null is not asked for. */
    private record Rule(X500Principal subject, String user, byte[] secret, Set<Right> rights) {
        boolean isMetBy(Shown shown) {
            return (subject == null || subject.equals(shown.peer.subject()))
                    && (user == null || user.equals(shown.peer.user()))
                    // In a time that does not tell how much of it is right.
                    && (secret == null || MessageDigest.isEqual(secret, shown.secret));
        }
    }

    /**
     * What a peer has shown, to be judged again by later rules: of its secret no more than a hash is kept.
     */
    public static final class Shown {
        private final PeerIdentity peer;
        private final byte[] secret;

        private Shown(PeerIdentity peer, byte[] secret) {
            this.peer = peer;
            this.secret = secret;
        }

        /**
         * What a peer shows.
         *
         * @param peer   who it is
         * @param secret the secret that it has shown, empty for none
         * @return that, without the secret
         */
        public static Shown of(PeerIdentity peer, String secret) {
            return new Shown(peer, hash(secret));
        }
    }

    private static byte[] hash(String secret) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has it", e);
        }
    }

    private final List<Rule> rules;

    private AccessRules(List<Rule> rules) {
        this.rules = rules;
    }

    /**
     * No rules: who is let in may do everything.
     *
     * @return the rules
     */
    public static AccessRules open() {
        return OPEN;
    }

    /**
     * Whether there are no rules.
     *
     * @return true where who is let in may do everything
     */
    public boolean isOpen() {
        return rules.isEmpty();
    }

    /**
     * Rules as a relay's configuration has them.
     *
     * @param path one of its paths
     * @return the rules; open where it has none
     * @throws org.globalsessions.transport.tls.TlsException where a file with a secret cannot be used
     */
    public static AccessRules from(PathSection path) {
        List<Rule> rules = new ArrayList<>();
        for (Config section : path.accessSections()) {
            EnumSet<Right> rights = EnumSet.noneOf(Right.class);
            section.getStringList("may").forEach(word -> rights.add(Right.valueOf(word.toUpperCase(Locale.ROOT))));
            String secret = secretOf(section);
            rules.add(new Rule(
                    section.hasPath("subject") ? new X500Principal(section.getString("subject")) : null,
                    section.hasPath("user") ? section.getString("user") : null,
                    secret.isEmpty() ? null : hash(secret),
                    rights));
        }
        return rules.isEmpty() ? OPEN : new AccessRules(List.copyOf(rules));
    }

    /**
     * The secret that a section of a configuration names, in itself or in a file.
     *
     * @param section a validated section
     * @return the secret, empty where it names none
     * @throws org.globalsessions.transport.tls.TlsException where the file cannot be used
     */
    public static String secretOf(Config section) {
        if (section.hasPath("secret_file")) {
            return SecretFile.firstLine("secret_file", Path.of(section.getString("secret_file")));
        }
        return section.hasPath("secret") ? section.getString("secret") : "";
    }

    /**
     * What a peer may do.
     *
     * @param shown what it has shown
     * @return its rights, empty where it has none
     */
    public Set<Right> rightsOf(Shown shown) {
        if (rules.isEmpty()) {
            return Right.ALL;
        }
        EnumSet<Right> rights = EnumSet.noneOf(Right.class);
        for (Rule rule : rules) {
            if (rule.isMetBy(shown)) {
                rights.addAll(rule.rights);
            }
        }
        return Collections.unmodifiableSet(rights);
    }
}
