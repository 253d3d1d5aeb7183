package newswire.analysis;

import static java.util.Map.entry;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.ar.ArabicStemFilter;
import org.apache.lucene.analysis.bg.BulgarianStemFilter;
import org.apache.lucene.analysis.bn.BengaliStemFilter;
import org.apache.lucene.analysis.br.BrazilianStemFilter;
import org.apache.lucene.analysis.ckb.SoraniStemFilter;
import org.apache.lucene.analysis.cz.CzechStemFilter;
import org.apache.lucene.analysis.de.GermanLightStemFilter;
import org.apache.lucene.analysis.de.GermanMinimalStemFilter;
import org.apache.lucene.analysis.el.GreekStemFilter;
import org.apache.lucene.analysis.en.EnglishMinimalStemFilter;
import org.apache.lucene.analysis.en.EnglishPossessiveFilter;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.es.SpanishLightStemFilter;
import org.apache.lucene.analysis.es.SpanishPluralStemFilter;
import org.apache.lucene.analysis.fa.PersianStemFilter;
import org.apache.lucene.analysis.fi.FinnishLightStemFilter;
import org.apache.lucene.analysis.fr.FrenchLightStemFilter;
import org.apache.lucene.analysis.fr.FrenchMinimalStemFilter;
import org.apache.lucene.analysis.gl.GalicianMinimalStemFilter;
import org.apache.lucene.analysis.gl.GalicianStemFilter;
import org.apache.lucene.analysis.hi.HindiStemFilter;
import org.apache.lucene.analysis.hu.HungarianLightStemFilter;
import org.apache.lucene.analysis.id.IndonesianStemFilter;
import org.apache.lucene.analysis.it.ItalianLightStemFilter;
import org.apache.lucene.analysis.lv.LatvianStemFilter;
import org.apache.lucene.analysis.no.NorwegianLightStemFilter;
import org.apache.lucene.analysis.no.NorwegianLightStemFilterFactory;
import org.apache.lucene.analysis.no.NorwegianMinimalStemFilter;
import org.apache.lucene.analysis.no.NorwegianMinimalStemFilterFactory;
import org.apache.lucene.analysis.pt.PortugueseLightStemFilter;
import org.apache.lucene.analysis.pt.PortugueseMinimalStemFilter;
import org.apache.lucene.analysis.pt.PortugueseStemFilter;
import org.apache.lucene.analysis.ru.RussianLightStemFilter;
import org.apache.lucene.analysis.snowball.SnowballFilter;
import org.apache.lucene.analysis.sv.SwedishLightStemFilter;
import org.tartarus.snowball.SnowballStemmer;
import org.tartarus.snowball.ext.ArmenianStemmer;
import org.tartarus.snowball.ext.BasqueStemmer;
import org.tartarus.snowball.ext.CatalanStemmer;
import org.tartarus.snowball.ext.DanishStemmer;
import org.tartarus.snowball.ext.DutchStemmer;
import org.tartarus.snowball.ext.EnglishStemmer;
import org.tartarus.snowball.ext.EstonianStemmer;
import org.tartarus.snowball.ext.FinnishStemmer;
import org.tartarus.snowball.ext.FrenchStemmer;
import org.tartarus.snowball.ext.GermanStemmer;
import org.tartarus.snowball.ext.HungarianStemmer;
import org.tartarus.snowball.ext.IrishStemmer;
import org.tartarus.snowball.ext.ItalianStemmer;
import org.tartarus.snowball.ext.LithuanianStemmer;
import org.tartarus.snowball.ext.NorwegianStemmer;
import org.tartarus.snowball.ext.PortugueseStemmer;
import org.tartarus.snowball.ext.RomanianStemmer;
import org.tartarus.snowball.ext.RussianStemmer;
import org.tartarus.snowball.ext.SerbianStemmer;
import org.tartarus.snowball.ext.SpanishStemmer;
import org.tartarus.snowball.ext.SwedishStemmer;
import org.tartarus.snowball.ext.TurkishStemmer;

/** The stemmers that a filter of type "stemmer" chooses from by its setting "language" (or "name"). */
final class Stemmers {
    private static final Map<String, UnaryOperator<TokenStream>> ALL = Map.ofEntries(
        entry("arabic", ArabicStemFilter::new),
        entry("armenian", snowball(ArmenianStemmer::new)),
        entry("basque", snowball(BasqueStemmer::new)),
        entry("bengali", BengaliStemFilter::new),
        entry("brazilian", BrazilianStemFilter::new),
        entry("bulgarian", BulgarianStemFilter::new),
        entry("catalan", snowball(CatalanStemmer::new)),
        entry("czech", CzechStemFilter::new),
        entry("danish", snowball(DanishStemmer::new)),
        entry("dutch", snowball(DutchStemmer::new)),
        entry("english", PorterStemFilter::new),
        entry("porter", PorterStemFilter::new),
        entry("porter2", snowball(EnglishStemmer::new)),
        entry("light_english", KStemFilter::new),
        entry("kstem", KStemFilter::new),
        entry("minimal_english", EnglishMinimalStemFilter::new),
        entry("possessive_english", EnglishPossessiveFilter::new),
        entry("estonian", snowball(EstonianStemmer::new)),
        entry("finnish", snowball(FinnishStemmer::new)),
        entry("light_finnish", FinnishLightStemFilter::new),
        entry("french", snowball(FrenchStemmer::new)),
        entry("light_french", FrenchLightStemFilter::new),
        entry("minimal_french", FrenchMinimalStemFilter::new),
        entry("galician", GalicianStemFilter::new),
        entry("minimal_galician", GalicianMinimalStemFilter::new),
        entry("german", snowball(GermanStemmer::new)),
        entry("light_german", GermanLightStemFilter::new),
        entry("minimal_german", GermanMinimalStemFilter::new),
        entry("greek", GreekStemFilter::new),
        entry("hindi", HindiStemFilter::new),
        entry("hungarian", snowball(HungarianStemmer::new)),
        entry("light_hungarian", HungarianLightStemFilter::new),
        entry("indonesian", IndonesianStemFilter::new),
        entry("irish", snowball(IrishStemmer::new)),
        entry("italian", snowball(ItalianStemmer::new)),
        entry("light_italian", ItalianLightStemFilter::new),
        entry("latvian", LatvianStemFilter::new),
        entry("lithuanian", snowball(LithuanianStemmer::new)),
        entry("norwegian", snowball(NorwegianStemmer::new)),
        entry("light_norwegian", NorwegianLightStemFilter::new),
        entry("minimal_norwegian", NorwegianMinimalStemFilter::new),
        entry("light_nynorsk", new NorwegianLightStemFilterFactory(nynorsk())::create),
        entry("minimal_nynorsk", new NorwegianMinimalStemFilterFactory(nynorsk())::create),
        entry("persian", PersianStemFilter::new),
        entry("portuguese", snowball(PortugueseStemmer::new)),
        entry("light_portuguese", PortugueseLightStemFilter::new),
        entry("minimal_portuguese", PortugueseMinimalStemFilter::new),
        entry("portuguese_rslp", PortugueseStemFilter::new),
        entry("romanian", snowball(RomanianStemmer::new)),
        entry("russian", snowball(RussianStemmer::new)),
        entry("light_russian", RussianLightStemFilter::new),
        entry("serbian", snowball(SerbianStemmer::new)),
        entry("sorani", SoraniStemFilter::new),
        entry("spanish", snowball(SpanishStemmer::new)),
        entry("light_spanish", SpanishLightStemFilter::new),
        entry("spanish_plural", SpanishPluralStemFilter::new),
        entry("swedish", snowball(SwedishStemmer::new)),
        entry("light_swedish", SwedishLightStemFilter::new),
        entry("turkish", snowball(TurkishStemmer::new)));

    private Stemmers() {}

    /** The stemmer of that name, in any case, written as light_english or lightEnglish. */
    static UnaryOperator<TokenStream> named(String name) {
        String plain = name.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
        UnaryOperator<TokenStream> stemmer = ALL.get(plain);
        if (stemmer == null) {
            throw new IllegalArgumentException("Unknown stemmer language [" + name + "]");
        }
        return stemmer;
    }

    /** A map that may be changed: Lucene's factories take out what they have read. */
    private static Map<String, String> nynorsk() {
        return new HashMap<>(Map.of("variant", "nn"));
    }

    private static UnaryOperator<TokenStream> snowball(Supplier<? extends SnowballStemmer> stemmer) {
        return input -> new SnowballFilter(input, stemmer.get());
    }
}
