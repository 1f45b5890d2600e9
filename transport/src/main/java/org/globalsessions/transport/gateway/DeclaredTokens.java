package org.globalsessions.transport.gateway;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.cookie.Cookie;
import io.netty.handler.codec.http.cookie.ServerCookieDecoder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.globalsessions.client.ClientHandler;
import org.globalsessions.client.Token;
import org.globalsessions.client.TokenData;

/** Takes from a request what a handler's class declares, and nothing else. Immutable, any thread. */
final class DeclaredTokens {
    private final Map<String, Token.Type> declared = new LinkedHashMap<>();

    private DeclaredTokens() {}

    /**
     * The declarations of a handler.
     *
     * @throws IllegalArgumentException where one name is declared twice: they could not be told apart
     */
    static DeclaredTokens of(Class<? extends ClientHandler> handler) {
        DeclaredTokens tokens = new DeclaredTokens();
        for (Token token : handler.getAnnotationsByType(Token.class)) {
            String name = token.type() == Token.Type.HEADER ? token.name().toLowerCase(Locale.ROOT) : token.name();
            if (name.isEmpty()) {
                throw new IllegalArgumentException("a token without a name is declared: handler=" + handler.getName());
            }
            if (tokens.declared.put(name, token.type()) != null) {
                throw new IllegalArgumentException(
                        "a token is declared twice: name=" + name + ", handler=" + handler.getName());
            }
        }
        return tokens;
    }

    Map<String, TokenData> from(HttpRequest request) {
        Map<String, TokenData> found = new HashMap<>();
        Map<String, List<String>> parameters = null;
        Map<String, String> cookies = null;
        for (Map.Entry<String, Token.Type> each : declared.entrySet()) {
            String name = each.getKey();
            String value;
            switch (each.getValue()) {
                case HEADER -> value = request.headers().get(name);
                case COOKIE -> {
                    cookies = cookies == null ? cookies(request) : cookies;
                    value = cookies.get(name);
                }
                default -> {
                    parameters = parameters == null ? parameters(request) : parameters;
                    value = parameters.containsKey(name) ? parameters.get(name).get(0) : null;
                }
            }
            if (value != null) {
                found.put(name, new TokenData(name, each.getValue(), value));
            }
        }
        return Map.copyOf(found);
    }

    private static Map<String, List<String>> parameters(HttpRequest request) {
        try {
            return new QueryStringDecoder(request.uri()).parameters();
        } catch (IllegalArgumentException e) {
            // Escapes that are none: there is no parameter then.
            return Map.of();
        }
    }

    private static Map<String, String> cookies(HttpRequest request) {
        Map<String, String> found = new HashMap<>();
        for (String header : request.headers().getAll(HttpHeaderNames.COOKIE)) {
            for (Cookie cookie : ServerCookieDecoder.STRICT.decodeAll(header)) {
                found.putIfAbsent(cookie.name(), cookie.value());
            }
        }
        return found;
    }
}
