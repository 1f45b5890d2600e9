/** The frames that travel between tiers, one record each, and their one codec. {@code transport/PROTOCOL.md} is the specification. */
package org.globalsessions.transport.frame;
