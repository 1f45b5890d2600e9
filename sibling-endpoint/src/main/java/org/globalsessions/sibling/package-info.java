/**
 * The sibling of a relay: it spreads over relief nodes what the relay passes on.
 */
package org.globalsessions.sibling;
