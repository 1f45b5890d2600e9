package org.globalsessions.client;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * A client's session as it stands in the shared table: who accepted it, whom it acts for, what it is bound to. Immutable.
 *
 * <p>The value's bytes, big-endian: format 1, kind 1, gateway 8, then user, address, authorisation and other identifier, each behind its length (2, 1,
 * 4 and 1 bytes); -1 as the length of the authorisation stands for a client that is not bound.
 */
final class ClientRecord {
    /** What an entry of the directory is. */
    enum Kind {
        /** A client. */
        ACTIVE(1),
        /** A client under its next identifier, until the entry of the earlier one, the other identifier, leads here. */
        NEXT(2),
        /** An earlier identifier of a client: the other one has taken its place. */
        RENAMED(3),
        /** A client that is gone, of which the gateway named tells the application. */
        ENDING(4);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        /** Null where there is none. */
        static Kind of(int code) {
            return switch (code) {
                case 1 -> ACTIVE;
                case 2 -> NEXT;
                case 3 -> RENAMED;
                case 4 -> ENDING;
                default -> null;
            };
        }
    }

    private static final byte FORMAT = 1;
    private static final int FIXED_BYTES = 1 + 1 + Long.BYTES + 2 + 1 + Integer.BYTES + 1;
    private static final byte[] NONE = {};

    /** Stands in the place of the authorisation's length where there is none. */
    private static final int UNBOUND = -1;

    private final Kind kind;
    private final long gateway;
    private final String user;
    private final ClientAddress address;
    private final byte[] authorisation;
    private final String other;

    private ClientRecord(
            Kind kind, long gateway, String user, ClientAddress address, byte[] authorisation, String other) {
        this.kind = kind;
        this.gateway = gateway;
        this.user = user;
        this.address = address;
        this.authorisation = authorisation;
        this.other = other;
    }

    /** A client that was just accepted. */
    static ClientRecord accepted(long gateway, String user) {
        return new ClientRecord(Kind.ACTIVE, gateway, user, null, null, "");
    }

    /**
     * Bound anew: all that was bound before is gone.
     *
     * @param with nobody's to change any more
     */
    ClientRecord bound(ClientAddress toAddress, byte[] with) {
        return new ClientRecord(kind, gateway, user, toAddress, with, other);
    }

    ClientRecord unbound() {
        return authorisation == null ? this : new ClientRecord(kind, gateway, user, null, null, other);
    }

    /** Served by another gateway. */
    ClientRecord servedBy(long newGateway) {
        return newGateway == gateway ? this : new ClientRecord(kind, newGateway, user, address, authorisation, other);
    }

    /** The same client in another state. */
    ClientRecord as(Kind newKind, String otherIdentifier) {
        return new ClientRecord(newKind, gateway, user, address, authorisation, otherIdentifier);
    }

    /** Gone, and told of by a gateway. */
    ClientRecord endedBy(long teller) {
        return new ClientRecord(Kind.ENDING, teller, user, null, null, "");
    }

    Kind kind() {
        return kind;
    }

    long gateway() {
        return gateway;
    }

    String user() {
        return user;
    }

    ClientAddress address() {
        return address;
    }

    boolean isBound() {
        return authorisation != null;
    }

    /** A copy; null where the client is not bound. */
    byte[] authorisation() {
        return authorisation == null ? null : authorisation.clone();
    }

    String other() {
        return other;
    }

    byte[] encode() {
        byte[] userBytes = user.getBytes(StandardCharsets.UTF_8);
        byte[] addressBytes = address == null ? NONE : address.text().getBytes(StandardCharsets.US_ASCII);
        byte[] otherBytes = other.getBytes(StandardCharsets.US_ASCII);
        int authorisationBytes = authorisation == null ? 0 : authorisation.length;
        byte[] bytes =
                new byte[FIXED_BYTES + userBytes.length + addressBytes.length + authorisationBytes + otherBytes.length];
        ByteBuffer to = ByteBuffer.wrap(bytes);
        to.put(FORMAT).put((byte) kind.code).putLong(gateway);
        to.putShort((short) userBytes.length).put(userBytes);
        to.put((byte) addressBytes.length).put(addressBytes);
        to.putInt(authorisation == null ? UNBOUND : authorisation.length);
        if (authorisation != null) {
            to.put(authorisation);
        }
        to.put((byte) otherBytes.length).put(otherBytes);
        return bytes;
    }

    /** What the bytes of a value say; null where they are none of an entry of the directory. */
    static ClientRecord decode(byte[] bytes) {
        ByteBuffer from = ByteBuffer.wrap(bytes);
        if (bytes.length < FIXED_BYTES || from.get() != FORMAT) {
            return null;
        }
        Kind kind = Kind.of(from.get());
        long gateway = from.getLong();
        int userLength = from.getShort() & 0xffff;
        int user = skip(from, userLength, 1);
        int addressLength = user < 0 ? 0 : from.get() & 0xff;
        int address = user < 0 ? -1 : skip(from, addressLength, Integer.BYTES + 1);
        if (address < 0 || kind == null) {
            return null;
        }
        int authorisationLength = from.getInt();
        int authorisation = authorisationLength < UNBOUND ? -1 : skip(from, Math.max(0, authorisationLength), 1);
        int otherLength = authorisation < 0 ? 0 : from.get() & 0xff;
        int other = authorisation < 0 ? -1 : skip(from, otherLength, 0);
        if (other < 0 || from.hasRemaining()) {
            return null;
        }
        String otherIdentifier = new String(bytes, other, otherLength, StandardCharsets.US_ASCII);
        if (!otherIdentifier.isEmpty() && !ClientSessions.isIdentifier(otherIdentifier)) {
            return null;
        }
        try {
            return new ClientRecord(
                    kind,
                    gateway,
                    new String(bytes, user, userLength, StandardCharsets.UTF_8),
                    addressLength == 0
                            ? null
                            : ClientAddress.parse(new String(bytes, address, addressLength, StandardCharsets.US_ASCII)),
                    authorisationLength == UNBOUND
                            ? null
                            : Arrays.copyOfRange(bytes, authorisation, authorisation + authorisationLength),
                    otherIdentifier);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Passes so many bytes, behind which at least so many more have to follow: where they begin, or -1 where there are fewer. */
    private static int skip(ByteBuffer from, int length, int further) {
        int begin = from.position();
        if (length > from.remaining() - further) {
            return -1;
        }
        from.position(begin + length);
        return begin;
    }

    @Override
    public boolean equals(Object object) {
        return object instanceof ClientRecord that
                && kind == that.kind
                && gateway == that.gateway
                && user.equals(that.user)
                && Objects.equals(address, that.address)
                && Arrays.equals(authorisation, that.authorisation)
                && other.equals(that.other);
    }

    @Override
    public int hashCode() {
        return Objects.hash(kind, gateway, user, address, Arrays.hashCode(authorisation), other);
    }

    /** Names no one. */
    @Override
    public String toString() {
        return "ClientRecord[kind=" + kind + ", bound=" + isBound() + "]";
    }
}
