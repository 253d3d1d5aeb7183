package newswire.local;

import com.ibm.icu.util.ULocale;
import java.text.BreakIterator;
import java.text.CharacterIterator;
import java.text.spi.BreakIteratorProvider;
import java.util.Locale;

/**
 * Where Thai words end, for Lucene's Thai analyzer.
 *
 * Thai is written without spaces, so this takes a dictionary. A full Java has one and Lucene asks Java for it; the small Java that comes as a
 * Python package has none, so ICU's stands in by way of Java's own plug-in point. Cuts may differ in rare words from those of a full Java.
 */
public final class ThaiWords extends BreakIteratorProvider {
    private static final ULocale THAI = new ULocale("th");

    @Override
    public Locale[] getAvailableLocales() {
        return new Locale[] {Locale.of("th"), Locale.of("th", "TH")};
    }

    @Override
    public BreakIterator getWordInstance(Locale locale) {
        return new Adapter(com.ibm.icu.text.BreakIterator.getWordInstance(THAI));
    }

    @Override
    public BreakIterator getLineInstance(Locale locale) {
        return new Adapter(com.ibm.icu.text.BreakIterator.getLineInstance(THAI));
    }

    @Override
    public BreakIterator getCharacterInstance(Locale locale) {
        return new Adapter(com.ibm.icu.text.BreakIterator.getCharacterInstance(THAI));
    }

    @Override
    public BreakIterator getSentenceInstance(Locale locale) {
        return new Adapter(com.ibm.icu.text.BreakIterator.getSentenceInstance(THAI));
    }

    /** ICU's class has the same methods as Java's, but is none of its kind. */
    private static final class Adapter extends BreakIterator {
        private com.ibm.icu.text.BreakIterator breaks;

        Adapter(com.ibm.icu.text.BreakIterator breaks) {
            this.breaks = breaks;
        }

        @Override
        public Object clone() {
            Adapter copy = (Adapter) super.clone();
            copy.breaks = breaks.clone();
            return copy;
        }

        @Override
        public int first() {
            return breaks.first();
        }

        @Override
        public int last() {
            return breaks.last();
        }

        @Override
        public int next(int n) {
            return breaks.next(n);
        }

        @Override
        public int next() {
            return breaks.next();
        }

        @Override
        public int previous() {
            return breaks.previous();
        }

        @Override
        public int following(int offset) {
            return breaks.following(offset);
        }

        @Override
        public int preceding(int offset) {
            return breaks.preceding(offset);
        }

        @Override
        public boolean isBoundary(int offset) {
            return breaks.isBoundary(offset);
        }

        @Override
        public int current() {
            return breaks.current();
        }

        @Override
        public CharacterIterator getText() {
            return breaks.getText();
        }

        @Override
        public void setText(CharacterIterator text) {
            breaks.setText(text);
        }
    }
}
