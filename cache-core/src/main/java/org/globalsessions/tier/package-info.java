/** The interfaces between a segment and the tiers behind it, and what travels over them. */
package org.globalsessions.tier;
