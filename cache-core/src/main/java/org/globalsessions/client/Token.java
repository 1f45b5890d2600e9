package org.globalsessions.client;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares, on a {@link ClientHandler}, a part of a client's first request that the handler is given. Nothing else of the request arrives.
 *
 * <pre>{@code
 * @Token(name = "authorization", type = Token.Type.HEADER)
 * @Token(name = "SID", type = Token.Type.COOKIE)
 * final class Logins implements ClientHandler { ... }
 * }</pre>
 */
@Documented
@Repeatable(Token.List.class)
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Token {
    /** Where a token lies in a request. */
    enum Type {
        /** A header; names count without regard to case, and arrive in lower case. */
        HEADER,
        /** A cookie; names count as they are. */
        COOKIE,
        /** A parameter of the request's URL; names count as they are. */
        URL_PARAMETER
    }

    /** Several declarations on one handler. */
    @Documented
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.TYPE)
    @interface List {
        /**
         * The declarations.
         *
         * @return each of them
         */
        Token[] value();
    }

    /**
     * The token's name.
     *
     * @return as the request has it; of one name there is one declaration, whatever its type
     */
    String name();

    /**
     * Where it lies.
     *
     * @return the type
     */
    Type type();
}
