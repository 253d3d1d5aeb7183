"""The words of the set phrases, in English, Greek, German, French, Spanish, Italian and Portuguese. Data for `phrases`.

Phrases are parted by semicolons and written as usual; they are compared without case and accents.
"""

CREDIT = """
source; sources; credit; credits; agency; πηγή; πηγές; πρακτορείο; quelle; quellen; agentur; source de l'article; agence;
fuente; fuentes; agencia; fonte; fonti; agenzia; fontes; agência; copyright; (c); ©; with information from; with material from;
με πληροφορίες από; με πληροφορίες; with inputs from; inputs from; mit material von; mit material der; mit material des; mit informationen der; mit informationen von; avec; con información de; con informazioni di; con informazioni da; com informações de;
com informações da; com agência; via
"""
RELATED = """
also read; read also; read more; read next; read on; see also; more on this; more on this story; more on this topic;
don't miss; further reading; must read; you may also like; you might also like; related story; related article; related;
recommended; in case you missed it; watch also; learn more; find out more; full story; continue reading; read the full story; read more about; read more on;
διαβάστε επίσης; διαβάστε ακόμη; διαβάστε ακόμα; διαβάστε περισσότερα; διαβάστε και; διάβασε επίσης; διάβασε ακόμη;
διάβασε ακόμα; διάβασε και; δείτε επίσης; δείτε ακόμη; δείτε ακόμα; δείτε και; δείτε περισσότερα; σχετικό άρθρο; μη χάσετε;
περισσότερα; διαβάστε σχετικά; διαβάστε εδώ; δείτε εδώ; διαβάστε περισσότερα εδώ; διαβάστε εδώ όλες τις ειδήσεις;
lesen sie auch; lesen sie mehr; lesen sie mehr zum thema; lesen sie mehr über; lesen sie hier; lesen sie dazu; lesen sie weiter; lies auch; auch lesen; auch interessant;
auch interessant für sie; mehr zum thema; mehr dazu; siehe auch; weiterlesen; passend dazu; zum thema; hintergrund;
das könnte sie auch interessieren; das könnte sie interessieren; das könnte dich auch interessieren;
à lire aussi; lire aussi; lire également; à lire également; à lire; voir aussi; à voir aussi; lire la suite; en savoir plus;
sur le même sujet; pour aller plus loin; à découvrir aussi;
lea también; lee también; leer también; lea más; leer más; leer más sobre; lee más; le puede interesar; te puede interesar;
también te puede interesar; te puede interesar también; puede interesarte; vea también; ver también; ver más; más información;
no te pierdas; no se pierda; seguir leyendo;
leggi anche; leggi pure; leggi tutto; leggi di più; leggi l'articolo; vedi anche; guarda anche; potrebbe interessarti;
potrebbe interessarti anche; ti potrebbe interessare; ti potrebbe interessare anche; approfondisci; per approfondire;
da non perdere; articolo correlato;
leia também; leia mais; leia mais sobre; leia ainda; ler também; ler mais; leia a seguir; veja também; veja mais; saiba mais;
pode interessar; pode interessar-lhe; não perca; notícia relacionada; continue lendo
"""
LIST = """
related articles; related stories; related news; related posts; related topics; most read; most popular; most viewed;
latest news; latest stories; latest articles; more news; more stories; more from; top stories; top news; trending;
trending now; popular now; editor's picks; editors' picks; recommended for you; recommended stories; you may like;
what to read next; other news; more headlines; recent posts; recent news; comments; leave a comment; leave a reply; tags;
σχετικά άρθρα; σχετικά νέα; σχετικές ειδήσεις; σχετικά θέματα; δημοφιλή; δημοφιλέστερα; πιο δημοφιλή; τα πιο δημοφιλή;
τελευταία νέα; τελευταίες ειδήσεις; ροή ειδήσεων; περισσότερα νέα; περισσότερες ειδήσεις; προτεινόμενα; σχόλια; ετικέτες;
αφήστε ένα σχόλιο; διαβάστε τώρα; τα πιο διαβασμένα; τελευταία άρθρα; άλλες ειδήσεις;
mehr nachrichten; weitere artikel; weitere nachrichten; weitere meldungen; weitere themen; meistgelesen; meistgelesene artikel;
am meisten gelesen; neueste nachrichten; neueste artikel; aktuelle nachrichten; verwandte artikel; ähnliche artikel;
ähnliche beiträge; empfohlene artikel; empfehlungen der redaktion; beliebte artikel; kommentare; schlagwörter; top-themen;
articles liés; articles similaires; articles associés; articles connexes; les plus lus; les plus consultés; le plus lu;
dernières nouvelles; dernières actualités; derniers articles; autres articles; nos derniers articles; à la une; commentaires;
mots-clés; sur le même thème; plus d'actualités; les articles les plus lus; notre sélection;
noticias relacionadas; artículos relacionados; lo más leído; más leídas; las más leídas; lo más visto; últimas noticias;
más noticias; otras noticias; lo último; comentarios; etiquetas; te recomendamos; recomendados; contenido relacionado;
articoli correlati; notizie correlate; i più letti; le più lette; più letti; ultime notizie; ultim'ora; altre notizie;
altri articoli; potrebbero interessarti; commenti; in evidenza; contenuti correlati; articoli recenti;
notícias relacionadas; artigos relacionados; mais lidas; mais lidos; as mais lidas; últimas notícias; mais notícias;
outras notícias; recomendados para você; recomendadas; comentários; mais populares; em destaque; conteúdo relacionado
"""
NEWSLETTER = """
newsletter; subscribe; sign up; εγγραφή; abonnieren; subscribe to; subscribe now; subscribe for; sign up for; sign up to; sign up now; join our newsletter;
get our newsletter; get the newsletter; our newsletter; e-mail newsletter; email newsletter; newsletters;
εγγραφείτε; εγγραφή στο; εγγραφείτε στο; κάντε εγγραφή; ενημερωτικό δελτίο; γίνετε συνδρομητές; γίνετε συνδρομητής;
abonnieren sie; newsletter abonnieren; jetzt abonnieren; melden sie sich; jetzt anmelden; unser newsletter; zum newsletter;
abonnez-vous; inscrivez-vous; recevez notre; s'abonner; s'inscrire; notre newsletter; lettre d'information; recevez chaque;
suscríbete; suscríbase; suscribirse; regístrate; boletín; boletines; recibe en tu; apúntate;
iscriviti; abbonati; ricevi la; registrati; la nostra newsletter; iscrizione alla;
assine; inscreva-se; subscreva; receba as; receba no; boletim; cadastre-se
"""
NOISE = """
share this; share on; share via; share the article; share article; share:; follow us; follow on; like us on; find us on; join us on;
print this; send by e-mail; send by email; copy link; listen to this article; advertisement; advertising; ad; sponsored;
sponsored content; we use cookies; this site uses cookies; this website uses cookies; accept cookies; accept all; cookie settings; cookie policy;
privacy policy; terms of use; terms of service; all rights reserved; back to top; skip to content; photo; photos; photo credit; image; image credit;
picture; file photo; photo by; image caption; watch; watch live; play video; minutes read; min read; log in; login; home;
κοινοποίηση; κοινοποιήστε; μοιραστείτε; μοιράσου το; ακολουθήστε; ακολουθήστε μας; ακολούθησε; διαφήμιση; φωτογραφία; φωτογραφίες;
φωτό; φωτο; φωτογραφίες αρχείου; χρησιμοποιούμε cookies; αυτός ο ιστότοπος χρησιμοποιεί; πολιτική απορρήτου; όροι χρήσης;
με επιφύλαξη παντός δικαιώματος; εκτύπωση; βρείτε μας;
teilen; artikel teilen; teilen sie; beitrag teilen; auf facebook teilen; folgen sie uns; folge uns; folgen sie; anzeige; werbung; foto; fotos; bild;
bildquelle; drucken; diese website verwendet cookies; wir verwenden cookies; cookie-einstellungen; datenschutz; impressum;
alle rechte vorbehalten; nach oben; merken; video;
partager; partagez; partager sur; partager cet article; suivez-nous; suivez nous; publicité; crédit photo; crédits photo; photo d'illustration;
nous utilisons des cookies; ce site utilise des cookies; politique de confidentialité; mentions légales; tous droits réservés; imprimer;
compartir; comparte; compartir en; síguenos; síganos; publicidad; foto de archivo; imagen; imprimir; usamos cookies; utilizamos cookies;
este sitio utiliza cookies; este sitio usa cookies; política de privacidad; aviso legal; todos los derechos reservados;
condividi; condividi su; condividi questo; condividi l'articolo; seguici; seguici su; pubblicità; immagine; stampa; usiamo cookie; questo sito utilizza; questo sito usa;
informativa sulla privacy; tutti i diritti riservati; riproduzione riservata;
partilhar; partilhe; compartilhe; compartilhar; siga-nos; siga o; siga a; publicidade; imagem; este site usa cookies; este site utiliza cookies;
política de privacidade; todos os direitos reservados
"""
TRAILER = """
reuter; reuters; end; ends; -ends-; - ends -; --ends--; -30-; - 30 -; -0-; ###; # # #; ## #; * * *; ***; fin; ende; τέλος; fine; fim; -end-;
--end--; enditem; more; -more-; ---; ----; xxxx; more to follow; more details to follow; developing story, more to follow;
this is a developing story; ende der meldung; mehr in kürze; fortsetzung folgt; à suivre; suite; segue; continua; sigue; seguirá;
continuará; συνεχίζεται; ακολουθούν περισσότερα; our standards: the thomson reuters trust principles; acquire licensing rights;
purchase licensing rights; acquire licensing rights, opens new tab; purchase licensing rights, opens new tab; with agencies; agencies;
inputs from agencies; with inputs from agencies; with agency inputs; mit agenturen; agenturen; avec agences; avec les agences; agences;
con agencias; agencias; con agenzie; agenzie; com agências; agências; με πρακτορεία
"""
REPORTING = """
reporting by; editing by; edited by; writing by; written by; additional reporting by; additional writing by; with reporting by;
compiled by; translated by; by; reporting and writing by; reporting and editing by; graphics by; contributing:; reported by;
bericht von; bearbeitet von; geschrieben von; redigiert von; mitarbeit; mitarbeit:; redaktion:; reporter:; zusammengestellt von;
reportage; reportage de; rédigé par; écrit par; édité par; version française; avec la contribution de; rédaction:;
información de; reporte de; reportaje de; escrito por; editado por; traducido por; editado en español por; redacción:; por;
a cura di; tradotto da; versione italiana; scritto da; reportage di; redazione:;
reportagem de; reportagem por; edição de; edição:; tradução de; redação:; texto de; escrito por; par; von; di;
επιμέλεια:; επιμέλεια; ρεπορτάζ:; ρεπορτάζ; σύνταξη:; απόδοση:; συντάκτης:; συντάκτρια:; του; της
"""
"""Who made the story; words that open ordinary sentences, too, count only in brackets (`BRACKETED`)."""
BRACKETED = "by; por; par; von; di; του; της; reportage; επιμέλεια; ρεπορτάζ; mitarbeit; version française"
NO_AUTHORS = """
editing by; edited by; translated by; graphics by; bearbeitet von; redigiert von; redaktion:; version française; édité par; traducido por;
editado por; editado en español por; tradotto da; versione italiana; edição de; edição:; tradução de; επιμέλεια:; επιμέλεια; απόδοση:
"""
EXACT = """
share; print; save; loading; hide caption; toggle caption; getty images; enlarge this image; view comments; comments are closed; up next;
image source; image source, getty images; 0 comments; comment; click here; click here to read more; click here for more; click here to subscribe; contact us; last updated; updated;
listen to this story; listen to article; tap here to see other videos; story continues below advertisement; story continues below;
article continues after this ad; article continues below; article continues after advertisement; continue reading below;
continue reading the main story; advertisement continue reading the main story; have you got a story? email us; watch more;
skip advertisement; remove ads; report this ad; supported by; paid post; affiliate links; newsletter sign-up; opens new tab; opens in new tab;
μοιραστείτε το; μοιραστείτε το άρθρο; κοινοποιήστε το άρθρο; εκτυπώστε; αποθήκευση; ακούστε το άρθρο; κάντε κλικ εδώ;
hier klicken; klicken sie hier; artikel anhören; artikel merken; weiterlesen nach der anzeige; lesen sie nach der anzeige weiter; zurück;
cliquez ici; écouter l'article; la suite après la publicité; sauvegarder; lecture; haga clic aquí; comparte esta noticia;
comparte este artículo; escuchar noticia; guardar; sigue leyendo; clicca qui; ascolta l'articolo; salva; continua a leggere;
clique aqui; ouvir o artigo; guardar; continua depois da publicidade; continue a ler; partilhe este artigo; compartilhe esta notícia
"""
"""Lines that are furniture only where nothing else stands in them."""
AGENCIES = """
AA AAP AFP ADN Adnkronos Agerpres AGI ALDE AMNA ANA ANA-MPA ANI Anadolu ANP ANSA ANTARA AP APA Apcom Askanews ATS awp Belga Bernama BNS BTA CNA CP CTK
ČTK Dow_Jones DPA dpa-AFX EFE EuropaPress Europa_Press FENA Hina IANS Interfax IRNA ISNA Itar-Tass Jiji KNA Keystone-SDA KUNA Kyodo
LETA Lusa MAP MENA MTI NAN NTB NZPA PA PAP PL Petra Presse_Canadienne Prensa_Latina PTI Reuter Reuters RIA RIA_Novosti Ritzau SANA SAPA SDA SID
Sinc SIR SPA SPS STA STT Tanjug TAP TASR TASS Télam Telam TT Thomson_Reuters UNI UPI VNA WAFA WAM Xinhua Yonhap ΑΠΕ-ΜΠΕ ΑΠΕ ΑΜΝΑ ΚΥΠΕ
Ρόιτερς ТАСС epd afp dpad ddp
"""
"""Agencies by the names they sign with; `_` stands for a blank."""

CITIES = """
Amsterdam; Ankara; Athens; Baghdad; Bangkok; Beijing; Beirut; Belgrade; Berlin; Bonn; Brussels; Bucharest; Budapest; Buenos Aires; Cairo;
Caracas; Copenhagen; Dakar; Damascus; Delhi; Dubai; Dublin; Frankfurt; Geneva; Gaza; Hanoi; Havana; Helsinki; Hong Kong; Istanbul; Jakarta;
Jerusalem; Johannesburg; Kabul; Kiev; Kyiv; Lagos; Lima; Lisbon; London; Luxembourg; Madrid; Manila; Melbourne; Mexico City; Milan;
Montreal; Moscow; Mumbai; Munich; Nairobi; New Delhi; New York; Nicosia; Oslo; Ottawa; Paris; Prague; Pretoria; Quebec City; Riga; Rio de
Janeiro; Riyadh; Rome; San Francisco; Santiago; Sao Paulo; Seoul; Shanghai; Singapore; Sofia; Stockholm; Sydney; Taipei; Tallinn; Tehran;
Tel Aviv; Tokyo; Toronto; Tunis; Vatican City; Vienna; Vilnius; Warsaw; Washington; Zagreb; Zurich; United Nations; Atlanta; Baltimore;
Boston; Chicago; Cincinnati; Cleveland; Dallas; Denver; Detroit; Honolulu; Houston; Indianapolis; Las Vegas; Los Angeles; Miami;
Milwaukee; Minneapolis; New Orleans; Oklahoma City; Philadelphia; Phoenix; Pittsburgh; St. Louis; Salt Lake City; San Antonio; San Diego;
Seattle; Wellington; Canberra; Islamabad; Karachi; Colombo; Dhaka; Kampala; Harare; Lusaka; Αθήνα; Θεσσαλονίκη; Λευκωσία; Βρυξέλλες;
Παρίσι; Λονδίνο; Βερολίνο; Ρώμη; Μαδρίτη; Μόσχα; Κίεβο; Ουάσιγκτον; Νέα Υόρκη; Άγκυρα; Κωνσταντινούπολη; Wien; Bern; Zürich; München;
Hamburg; Köln; Brüssel; Genf; Moskau; Rom; Warschau; Prag; Bruxelles; Genève; Londres; Moscou; Rome; Marseille; Lyon; Athènes; Atenas;
Barcelona; Bogotá; Ciudad de México; Moscú; París; Roma; Milano; Torino; Napoli; Bruxelas; Lisboa; Porto; Brasília; São Paulo; Rio de
Janeiro; Londra; Parigi; Berlino; Mosca; Ginevra; Luanda; Maputo
"""
"""Cities known well enough to stand in a dateline without country, date or agency."""
