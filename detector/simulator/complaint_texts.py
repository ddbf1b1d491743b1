"""What simulated customers write, by language and topic. Nothing here is shown to customers."""

from collections.abc import Mapping

NETWORK_TOPICS = ("dead", "refused", "cut", "slow")
COMPLAINT_TEXTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "dead": (
            "Hello, my phone has shown emergency calls only for an hour now. Is something broken?",
            "Zero bars in the whole house. I work from home, this can't be true!!",
            "Is the mast down again? Nothing works here.",
            "I have been cut off from the world since lunch, absolutely unacceptable",
            "We are three people here and none of us gets any signal.",
        ),
        "refused": (
            "I dial and it just beeps, every single time",
            "Mobile internet says connected but no page opens. Restarted twice.",
            "Nobody can reach me, they get your voicemail at once. Very annoying.",
            "Can't make calls since 8, texts fail too",
        ),
        "cut": (
            "Every call dies after a minute, I had to ring my doctor five times",
            "Conversation gone in the middle of the sentence, third time today",
            "On the train to work my calls drop at the same spot all the time. Please fix it.",
            "line goes silent then disconnects, what am I paying for",
        ),
        "slow": (
            "Speed test says 0.3 Mbit, I pay for 100. Ridiculous.",
            "Videos stutter all evening",
            "It takes a minute to open my mail, awful",
            "data crawls since yesterday, is there congestion?",
        ),
        "billing": (
            "What is the 4.99 for third party services?",
            "You took the money twice, I want it back immediately",
            "Could you send me last month's statement again?",
            "I was promised a discount and don't see it. I'm disappointed.",
        ),
        "device": (
            "The new handset won't turn on",
            "How do I move my contacts to the new phone?",
            "My SIM is locked after three wrong PINs",
            "the screen stays black since the update, what a pity",
        ),
        "other": (
            "I moved to a new flat, please note my address",
            "How long does my contract run?",
            "Thanks to the lady in the shop, she was really helpful!",
            "I'd like to cancel",
        ),
    },
    "de": {
        "dead": (
            "Guten Tag, mein Telefon zeigt seit einer Stunde nur Notrufe an. Was ist da los?",
            "Im ganzen Haus kein einziger Balken. Ich arbeite von zuhause, das darf doch nicht wahr sein!!",
            "Ist der Mast wieder ausgefallen? Hier geht nichts mehr.",
            "Seit Mittag bin ich von der Welt abgeschnitten, das ist wirklich ärgerlich",
            "Wir sind hier zu dritt und keiner bekommt Netz.",
        ),
        "refused": (
            "Ich wähle und es tutet nur, jedes Mal",
            "Mobiles Internet ist angeblich verbunden, aber keine Seite geht auf. Schon zweimal neu gestartet.",
            "Niemand erreicht mich, es kommt sofort die Mailbox. Das nervt.",
            "Seit 8 Uhr kann ich nicht telefonieren, SMS gehen auch nicht raus",
        ),
        "cut": (
            "Jedes Gespräch ist nach einer Minute weg, ich musste fünfmal beim Arzt anrufen",
            "Mitten im Satz war das Gespräch beendet, heute schon zum dritten Mal",
            "Im Zug zur Arbeit reißt die Verbindung immer an derselben Stelle ab. Bitte beheben.",
            "Erst ist es still und dann ist der Anruf weg, wofür zahle ich eigentlich",
        ),
        "slow": (
            "Speedtest zeigt 0,3 Mbit, ich bezahle für 100. Ein Witz.",
            "Videos ruckeln den ganzen Abend",
            "Es dauert eine Minute bis meine Mails da sind, grauenhaft",
            "seit gestern ist alles zäh, ist das Netz überlastet?",
        ),
        "billing": (
            "Wofür sind die 4,99 für Drittanbieter?",
            "Der Betrag wurde zweimal eingezogen, ich will mein Geld sofort zurück",
            "Können Sie mir die Abrechnung vom letzten Monat noch einmal schicken?",
            "Mir wurde ein Rabatt versprochen, den sehe ich nicht. Ich bin enttäuscht.",
        ),
        "device": (
            "Das neue Gerät geht nicht an",
            "Wie bekomme ich meine Kontakte auf das neue Handy?",
            "Meine SIM ist nach drei falschen PINs gesperrt",
            "seit dem Update bleibt der Bildschirm schwarz, schade",
        ),
        "other": (
            "Ich bin umgezogen, bitte notieren Sie meine neue Anschrift",
            "Wie lange läuft mein Vertrag noch?",
            "Danke an die Dame im Shop, sie war wirklich sehr hilfsbereit!",
            "Ich möchte kündigen",
        ),
    },
    "tr": {
        "dead": (
            "Bir saattir telefonumda hiç sinyal yok, ne oldu?",
            "Evde kimse arama yapamıyor, bu kabul edilemez",
            "Baz istasyonu yine mi bozuldu? Hiçbir şey çalışmıyor.",
        ),
        "refused": (
            "Arıyorum ama hep meşgul çalıyor",
            "İnternet bağlı görünüyor ama sayfa açılmıyor",
            "Sabahtan beri arama yapamıyorum",
        ),
        "cut": ("Her konuşma bir dakika sonra kesiliyor", "Görüşme ortasında hat düşüyor, bıktım artık"),
        "slow": ("Videolar sürekli takılıyor", "İnternet kaplumbağa gibi, çok kötü", "Hız testi 0,3 gösteriyor"),
        "billing": (
            "Bu 4,99 lira ne için kesildi?",
            "Faturamı tekrar gönderir misiniz?",
            "Paramı iki kere almışsınız, geri istiyorum",
        ),
        "device": ("Yeni cihaz açılmıyor", "Kişilerimi yeni telefona nasıl aktarırım?", "SIM kartım kilitlendi"),
        "other": (
            "Yeni evime taşındım, adresimi not edin lütfen",
            "Sözleşmem ne zaman bitiyor?",
            "Mağazadaki hanıma teşekkürler",
        ),
    },
    "uk": {
        "dead": (
            "Вже годину немає жодного сигналу, що сталося?",
            "У всьому будинку немає мережі, це неприпустимо",
            "Вишка знову не працює?",
        ),
        "refused": ("Набираю номер, а йдуть лише гудки", "Інтернет ніби підключено, але сторінки не відкриваються"),
        "cut": ("Кожна розмова обривається через хвилину", "Зв'язок зник посеред розмови, вже втретє сьогодні"),
        "slow": ("Відео постійно зависає", "Швидкість жахлива, 0,3 мегабіта", "Дуже повільний інтернет з учора"),
        "billing": ("За що списали 4,99?", "Надішліть, будь ласка, рахунок ще раз", "Гроші зняли двічі, поверніть"),
        "device": ("Новий телефон не вмикається", "Як перенести контакти на новий телефон?", "Сім-карта заблокована"),
        "other": (
            "Я переїхав, запишіть нову адресу",
            "Коли закінчується мій договір?",
            "Дякую дівчині в магазині, дуже допомогла",
        ),
    },
}
SURVEY_TEXTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "low": ("Nobody could help me. I am angry.", "still the same bad reception", "Waste of time"),
        "middle": ("It was ok", "Took a while but done"),
        "high": ("Quick and friendly, thank you", "Great help, all fine now"),
    },
    "de": {
        "low": ("Niemand konnte mir helfen. Ich bin sauer.", "Empfang ist immer noch schlecht", "Zeitverschwendung"),
        "middle": ("War in Ordnung", "Hat gedauert, aber erledigt"),
        "high": ("Schnell und freundlich, danke", "Tolle Hilfe, jetzt geht alles"),
    },
    "tr": {
        "low": ("Kimse yardım etmedi", "Hâlâ çekmiyor, berbat"),
        "middle": ("İdare eder",),
        "high": ("Çok teşekkürler, harika",),
    },
    "uk": {
        "low": ("Ніхто не допоміг, погано", "Досі немає зв'язку"),
        "middle": ("Нормально",),
        "high": ("Дякую, все чудово",),
    },
}
"""What they add to a survey's score."""


def complaint_text(language: str, topic: str, draw: float) -> str:
    """`draw`: uniform from 0 to 1.

    >>> complaint_text("de", "billing", 0.0)
    'Wofür sind die 4,99 für Drittanbieter?'
    """
    texts = COMPLAINT_TEXTS[language][topic]
    return texts[int(draw * len(texts))]


def survey_text(language: str, score: int, draw: float) -> str:
    """Words beside a score of 0 to 10."""
    texts = SURVEY_TEXTS[language]["low" if score <= 4 else "middle" if score <= 7 else "high"]
    return texts[int(draw * len(texts))]
